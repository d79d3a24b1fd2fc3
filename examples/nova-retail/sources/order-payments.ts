import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const orderPayments = bronze("order_payments", {
  description: "Payments: an order may be paid in several parts, such as a row of vouchers.",
  from: olistFile("olist_order_payments_dataset.csv"),
  columns: {
    order_id: t.varchar(),
    payment_sequential: t.smallint({ description: "Number of the payment within its order, from 1" }),
    payment_type: t.varchar(),
    payment_installments: t.smallint(),
    payment_value: t.decimal(10, 2, { description: "Brazilian real" }),
  },
  key: ["order_id", "payment_sequential"],
  replicate: scaled("order_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.acceptedValues("payment_type", ["credit_card", "boleto", "voucher", "debit_card", "not_defined"]),
    check.acceptedValues("payment_type", ["credit_card", "boleto", "voucher", "debit_card"], { severity: "warn" }),
    check.between("payment_value", { min: "0.00" }),
    check.between("payment_installments", { min: 0, max: 24 }),
  ],
});
