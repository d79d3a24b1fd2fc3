import { check, model, sql, t, view } from "assay";
import { dateDim } from "../date-dim.ts";
import { transactionFct } from "../transaction-fct.ts";

export const aggSalesMonthly = model("gold.agg_sales_monthly", {
  description: "Transactions and revenue by month.",
  grain: ["year_month"],
  columns: {
    year_month: t.varchar(),
    transactions: t.bigint(),
    quantity: t.decimal(38, 0),
    revenue: t.decimal(38, 2, { description: "Over transactions with a quantity" }),
    tax: t.decimal(38, 2),
  },
  materialize: view(),
  checks: [check.conserves("revenue", transactionFct), check.conserves("tax", transactionFct)],
  sql: sql`
    select
      days.year_month,
      count(*) as transactions,
      coalesce(sum(facts.quantity), 0) as quantity,
      coalesce(sum(facts.revenue), 0) as revenue,
      sum(facts.tax) as tax
    from ${transactionFct} as facts
    join ${dateDim} as days on days.date_key = facts.date_key
    group by days.year_month`,
});
