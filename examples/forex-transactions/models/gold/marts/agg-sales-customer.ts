import { check, model, sql, t, view } from "assay";
import { customerDim } from "../customer-dim.ts";
import { transactionFct } from "../transaction-fct.ts";

export const aggSalesCustomer = model("gold.agg_sales_customer", {
  description: "Transactions and revenue by customer.",
  grain: ["customer_key"],
  columns: {
    customer_key: t.varchar(),
    first_name: t.varchar({ nullable: true, sensitive: true }),
    last_name: t.varchar({ nullable: true, sensitive: true }),
    transactions: t.bigint(),
    quantity: t.decimal(38, 0),
    revenue: t.decimal(38, 2, { description: "Over transactions with a quantity" }),
    tax: t.decimal(38, 2),
  },
  materialize: view(),
  checks: [check.conserves("revenue", transactionFct), check.conserves("tax", transactionFct)],
  sql: sql`
    select
      facts.customer_key,
      customers.first_name,
      customers.last_name,
      count(*) as transactions,
      coalesce(sum(facts.quantity), 0) as quantity,
      coalesce(sum(facts.revenue), 0) as revenue,
      sum(facts.tax) as tax
    from ${transactionFct} as facts
    join ${customerDim} as customers on customers.customer_key = facts.customer_key
    group by facts.customer_key, customers.first_name, customers.last_name`,
});
