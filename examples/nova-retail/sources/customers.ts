import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const customers = bronze("customers", {
  description: "The customer of each order, with the place of delivery.",
  from: olistFile("olist_customers_dataset.csv"),
  columns: {
    customer_id: t.varchar({ description: "One per order" }),
    customer_unique_id: t.varchar({ description: "The person: the same in all of their orders" }),
    customer_zip_code_prefix: t.varchar({ description: "Five digits, leading zeros kept" }),
    customer_city: t.varchar(),
    customer_state: t.varchar({ description: "Two-letter code of the Brazilian state" }),
  },
  key: ["customer_id"],
  replicate: scaled("customer_id", "customer_unique_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.matches("customer_zip_code_prefix", "^[0-9]{5}$", { severity: "warn" }),
    check.matches("customer_state", "^[A-Z]{2}$"),
  ],
});
