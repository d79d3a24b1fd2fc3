import { check, incremental, model, sql, t } from "assay";
import { customers } from "../../sources/customers.ts";
import { orderPayments } from "../../sources/order-payments.ts";
import { orders } from "../../sources/orders.ts";

export const factOrderPayments = model("gold.fact_order_payments", {
  description:
    "One row a payment: the table for money received, by state, month or means of payment. Every payment of the source is here once; " +
    "a payment whose order is unknown would fail the balance instead of vanishing in the join.",
  grain: ["order_id", "payment_sequential"],
  columns: {
    order_id: t.varchar(),
    payment_sequential: t.smallint({ description: "Number of the payment within the order, from 1" }),
    customer_id: t.varchar(),
    customer_state: t.varchar(),
    order_status: t.varchar(),
    order_purchase_date: t.date(),
    order_year_month: t.varchar({ description: "2018-03" }),
    payment_type: t.varchar(),
    payment_installments: t.smallint(),
    payment_value: t.decimal(10, 2),
  },
  checks: [check.conserves("payment_value", orderPayments)],
  materialize: incremental({ by: ["order_id"] }),
  sql: sql`
    select
      payments.order_id,
      payments.payment_sequential,
      orders.customer_id,
      coalesce(customers.customer_state, 'unknown') as customer_state,
      orders.order_status,
      orders.order_purchase_timestamp::date as order_purchase_date,
      strftime(orders.order_purchase_timestamp, '%Y-%m') as order_year_month,
      payments.payment_type,
      payments.payment_installments,
      payments.payment_value
    from ${orderPayments} as payments
    join ${orders} as orders on orders.order_id = payments.order_id
    left join ${customers} as customers on customers.customer_id = orders.customer_id`,
});
