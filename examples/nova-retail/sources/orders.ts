import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const orders = bronze("orders", {
  description: "Orders of the marketplace, one row an order.",
  from: olistFile("olist_orders_dataset.csv"),
  columns: {
    order_id: t.varchar(),
    customer_id: t.varchar({ description: "New for every order; customers.customer_unique_id is the person" }),
    order_status: t.varchar(),
    order_purchase_timestamp: t.timestamp(),
    order_approved_at: t.timestamp({ nullable: true }),
    order_delivered_carrier_date: t.timestamp({ nullable: true }),
    order_delivered_customer_date: t.timestamp({ nullable: true }),
    order_estimated_delivery_date: t.timestamp(),
  },
  key: ["order_id"],
  partitionBy: { order_year: "year(order_purchase_timestamp)", order_month: "month(order_purchase_timestamp)" },
  replicate: scaled("order_id", "customer_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.acceptedValues("order_status", [
      "created",
      "approved",
      "invoiced",
      "processing",
      "shipped",
      "delivered",
      "canceled",
      "unavailable",
    ]),
    check.expression("approved_after_purchase", "order_approved_at is null or order_approved_at >= order_purchase_timestamp"),
    check.expression(
      "delivered_after_carrier",
      "order_delivered_customer_date is null or order_delivered_carrier_date is null " +
        "or order_delivered_customer_date >= order_delivered_carrier_date",
      { severity: "warn" },
    ),
    check.expression("delivered_has_a_delivery_date", "order_status <> 'delivered' or order_delivered_customer_date is not null", {
      severity: "warn",
    }),
  ],
});
