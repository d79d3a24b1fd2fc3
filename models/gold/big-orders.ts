import { check, model, sql, t, view } from "assay";
import { orders } from "../../sources/orders.ts";

export const bigOrders = model("gold.big_orders", {
  description: "Orders of 10 and more.",
  grain: ["order_id"],
  columns: { order_id: t.integer(), total: t.decimal(10, 2) },
  materialize: view(),
  checks: [check.between("total", { min: 10 })],
  indexes: { big_orders_total: ["total"] },
  tags: ["daily"],
  sql: sql`select order_id, total from ${orders} where total >= 10`,
});
