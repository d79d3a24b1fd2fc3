import { check, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const checked = model("gold.checked", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), a: t.varchar(), b: t.integer() },
  checks: [
    check.notNull("a"),
    check.unique("a"),
    check.uniqueCombination(["a", "b"]),
    check.acceptedValues("a", ["x", "y"]),
    check.between("a", { min: "0.00", max: 9 }),
    check.matches("a", "^[0-9]{5}$"),
    check.rowCount({ min: 1, max: 9 }),
    check.relationships("a", orders, "order_id"),
    check.expression("name", "a <= b"),
    check.conserves("a", orders, { measure: "b", where: "b > 0" }),
    check.sql("name", "select * from {table} where a > b"),
  ],
  sql: sql`select order_id, 'x' as a, 1 as b from ${orders}`,
});
