import { check, incremental, model, sql, t } from "assay";
import { transaction } from "../silver/transaction.ts";
import { customerDim } from "./customer-dim.ts";
import { dateDim } from "./date-dim.ts";
import { locationDim } from "./location-dim.ts";
import { productDim } from "./product-dim.ts";

export const transactionFct = model("gold.transaction_fct", {
  description: "One row a transaction. A transaction without quantity has no revenue, and counts as a transaction.",
  grain: ["transaction_key"],
  columns: {
    transaction_key: t.varchar(),
    customer_key: t.varchar(),
    product_key: t.varchar(),
    location_key: t.varchar(),
    date_key: t.integer({ description: "20230711; -1: a day outside the calendar" }),
    quantity: t.integer({ nullable: true }),
    price: t.decimal(14, 2, { description: "Of a unit" }),
    tax: t.decimal(14, 2),
    revenue: t.decimal(25, 2, { nullable: true, description: "quantity × price" }),
  },
  checks: [
    check.relationships("customer_key", customerDim, "customer_key"),
    check.relationships("product_key", productDim, "product_key"),
    check.relationships("location_key", locationDim, "location_key"),
    check.relationships("date_key", dateDim, "date_key"),
    check.conserves("quantity", transaction),
    check.conserves("price", transaction),
    check.conserves("tax", transaction),
    check.conserves("revenue", transaction, { measure: "quantity * price" }),
  ],
  materialize: incremental({ by: ["transaction_key"] }),
  sql: sql`
    select
      transaction_key,
      customer_key,
      product_key,
      location_key,
      date_key(transaction_date) as date_key,
      quantity,
      price,
      tax,
      quantity * price as revenue
    from ${transaction}`,
});
