import { check, incremental, model, sql, t } from "assay";
import { customers } from "../../sources/customers.ts";
import { orderItems } from "../../sources/order-items.ts";
import { orderPayments } from "../../sources/order-payments.ts";
import { orders } from "../../sources/orders.ts";
import { products } from "../../sources/products.ts";
import { sellers } from "../../sources/sellers.ts";

export const orderLines = model("silver.order_lines", {
  description:
    "The original's joined frame: every payment of an order beside every item of it, so an order of 2 payments and 3 items has 6 rows. " +
    "Money must not be added up here; gold.fact_order_items and gold.fact_order_payments are the tables for that. " +
    "Orders without items stay, with item 0 and the member 'unknown'; orders without a payment are filtered.",
  grain: ["order_id", "payment_sequential", "order_item_id"],
  columns: {
    order_id: t.varchar(),
    payment_sequential: t.smallint({ description: "Number of the payment within the order, from 1" }),
    order_item_id: t.smallint({ description: "Number of the unit within the order, from 1; 0: the order has no items" }),
    customer_id: t.varchar(),
    customer_state: t.varchar(),
    order_status: t.varchar(),
    order_purchase_timestamp: t.timestamp(),
    order_purchase_date: t.date(),
    order_year: t.integer(),
    order_month: t.integer(),
    order_day: t.integer(),
    order_year_month: t.varchar({ description: "2018-03" }),
    order_weekday: t.integer({ description: "1 Sunday to 7 Saturday, as in Spark" }),
    payment_type: t.varchar(),
    payment_installments: t.smallint(),
    payment_value: t.decimal(10, 2, { description: "The payment's value, once for every item of the order" }),
    product_id: t.varchar({ description: "'unknown': the order has no items" }),
    product_category_name: t.varchar({ description: "'unknown': no item, or a product without category" }),
    seller_id: t.varchar({ description: "'unknown': the order has no items" }),
    seller_state: t.varchar({ description: "'unknown': the order has no items" }),
    price: t.decimal(10, 2, { nullable: true, description: "The item's price, once for every payment; absent without an item" }),
    freight_value: t.decimal(10, 2, { nullable: true, description: "The item's freight, once for every payment; absent without an item" }),
  },
  checks: [check.rowCount({ min: 1 })],
  materialize: incremental({ by: ["order_id"] }),
  sql: sql`
    select
      orders.order_id,
      payments.payment_sequential,
      coalesce(items.order_item_id, 0)::smallint as order_item_id,
      orders.customer_id,
      coalesce(customers.customer_state, 'unknown') as customer_state,
      orders.order_status,
      orders.order_purchase_timestamp,
      orders.order_purchase_timestamp::date as order_purchase_date,
      year(orders.order_purchase_timestamp)::integer as order_year,
      month(orders.order_purchase_timestamp)::integer as order_month,
      day(orders.order_purchase_timestamp)::integer as order_day,
      strftime(orders.order_purchase_timestamp, '%Y-%m') as order_year_month,
      (dayofweek(orders.order_purchase_timestamp) + 1)::integer as order_weekday,
      payments.payment_type,
      payments.payment_installments,
      payments.payment_value,
      coalesce(items.product_id, 'unknown') as product_id,
      coalesce(products.product_category_name, 'unknown') as product_category_name,
      coalesce(items.seller_id, 'unknown') as seller_id,
      coalesce(sellers.seller_state, 'unknown') as seller_state,
      items.price,
      items.freight_value
    from ${orders} as orders
    left join ${customers} as customers on customers.customer_id = orders.customer_id
    left join ${orderPayments} as payments on payments.order_id = orders.order_id
    left join ${orderItems} as items on items.order_id = orders.order_id
    left join ${products} as products on products.product_id = items.product_id
    left join ${sellers} as sellers on sellers.seller_id = items.seller_id
    where payments.payment_value is not null`,
});
