import { check, model, sql, t, view } from "assay";
import { locationDim } from "../location-dim.ts";
import { transactionFct } from "../transaction-fct.ts";

export const aggSalesCountry = model("gold.agg_sales_country", {
  description: "Transactions and revenue by country of the customer.",
  grain: ["country"],
  columns: {
    country: t.varchar(),
    transactions: t.bigint(),
    quantity: t.decimal(38, 0),
    revenue: t.decimal(38, 2, { description: "Over transactions with a quantity" }),
    tax: t.decimal(38, 2),
  },
  materialize: view(),
  checks: [check.conserves("revenue", transactionFct), check.conserves("tax", transactionFct)],
  sql: sql`
    select
      locations.country,
      count(*) as transactions,
      coalesce(sum(facts.quantity), 0) as quantity,
      coalesce(sum(facts.revenue), 0) as revenue,
      sum(facts.tax) as tax
    from ${transactionFct} as facts
    join ${locationDim} as locations on locations.location_key = facts.location_key
    group by locations.country`,
});
