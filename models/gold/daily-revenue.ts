import { check, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";

export const dailyRevenue = model("gold.daily_revenue", {
  description: "Revenue by day of order.",
  grain: ["day"],
  columns: { day: t.date(), orders: t.bigint(), revenue: t.decimal(12, 2) },
  checks: [check.conserves("revenue", orders, { measure: "total" })],
  sql: sql`
    select ordered_at::date as day, count(*) as orders, sum(total)::decimal(12, 2) as revenue
    from ${orders}
    group by day`,
});
