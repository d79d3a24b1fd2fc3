import { bronze, check, csv, t } from "assay";

export const orders = bronze("orders", {
  description: "Orders of the shop.",
  from: csv("data/orders-*.csv"),
  columns: {
    order_id: t.integer(),
    ordered_at: t.timestamp(),
    customer: t.varchar({ sensitive: true }),
    total: t.decimal(10, 2, { description: "Euro" }),
  },
  key: ["order_id"],
  load: "replace",
  partitionBy: { order_year: "year(ordered_at)", order_month: "month(ordered_at)" },
  maxRejected: 10,
  checks: [check.rowCount({ min: 1 })],
  tags: ["daily"],
});
