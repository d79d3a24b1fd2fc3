import { check, incremental, model, sql, t } from "assay";
import { transaction } from "../silver/transaction.ts";

export const productDim = model("gold.product_dim", {
  description: "Products, told apart by their names.",
  grain: ["product_key"],
  columns: { product_key: t.varchar(), product_name: t.varchar() },
  checks: [check.unique("product_name")],
  materialize: incremental({ by: ["product_key"] }),
  sql: sql`select distinct product_key, product_name from ${transaction}`,
});
