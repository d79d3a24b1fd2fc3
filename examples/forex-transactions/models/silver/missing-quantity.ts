import { incremental, model, sql, t } from "assay";
import { customerTransactions } from "../../sources/customer-transactions.ts";

export const missingQuantity = model("silver.missing_quantity", {
  description: "Transactions without a quantity, as they came: for those who ask the operational system, or estimate it.",
  grain: ["transaction_id"],
  columns: {
    transaction_id: t.varchar(),
    customer_id: t.varchar({ nullable: true }),
    transaction_date: t.varchar({ nullable: true }),
    product_id: t.varchar({ nullable: true }),
    product_name: t.varchar({ nullable: true }),
    price: t.varchar({ nullable: true }),
    tax: t.varchar({ nullable: true }),
    customer_country: t.varchar({ nullable: true }),
    customer_city: t.varchar({ nullable: true }),
  },
  materialize: incremental({ by: ["transaction_id"] }),
  sql: sql`
    select transaction_id, customer_id, transaction_date, product_id, product_name, price, tax, customer_country, customer_city
    from ${customerTransactions}
    where clean_text(quantity) is null`,
});
