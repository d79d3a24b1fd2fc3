import { check, incremental, model, sql, t } from "assay";
import { transaction } from "../silver/transaction.ts";

export const locationDim = model("gold.location_dim", {
  description: "Cities of customers, each with its country.",
  grain: ["location_key"],
  columns: { location_key: t.varchar(), country: t.varchar(), city: t.varchar() },
  checks: [check.uniqueCombination(["country", "city"])],
  materialize: incremental({ by: ["location_key"] }),
  sql: sql`select distinct location_key, customer_country as country, customer_city as city from ${transaction}`,
});
