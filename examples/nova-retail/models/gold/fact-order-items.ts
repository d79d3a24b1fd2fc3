import { check, incremental, model, sql, t } from "assay";
import { customers } from "../../sources/customers.ts";
import { orderItems } from "../../sources/order-items.ts";
import { orders } from "../../sources/orders.ts";
import { products } from "../../sources/products.ts";
import { sellers } from "../../sources/sellers.ts";

export const factOrderItems = model("gold.fact_order_items", {
  description:
    "One row a unit sold: the table for revenue by product, category or seller. Every price and freight of the source is here once; " +
    "an item whose order is unknown would fail the balance instead of vanishing in the join.",
  grain: ["order_id", "order_item_id"],
  columns: {
    order_id: t.varchar(),
    order_item_id: t.smallint({ description: "Number of the unit within the order, from 1" }),
    customer_id: t.varchar(),
    customer_state: t.varchar(),
    product_id: t.varchar(),
    product_category_name: t.varchar({ description: "'unknown': a product without category" }),
    seller_id: t.varchar(),
    seller_state: t.varchar(),
    order_status: t.varchar(),
    order_purchase_date: t.date(),
    order_year_month: t.varchar({ description: "2018-03" }),
    price: t.decimal(10, 2),
    freight_value: t.decimal(10, 2),
  },
  checks: [
    check.conserves("price", orderItems),
    check.conserves("freight_value", orderItems),
    check.relationships("product_id", products, "product_id", { severity: "warn" }),
    check.relationships("seller_id", sellers, "seller_id", { severity: "warn" }),
  ],
  materialize: incremental({ by: ["order_id"] }),
  sql: sql`
    select
      items.order_id,
      items.order_item_id,
      orders.customer_id,
      coalesce(customers.customer_state, 'unknown') as customer_state,
      items.product_id,
      coalesce(products.product_category_name, 'unknown') as product_category_name,
      items.seller_id,
      coalesce(sellers.seller_state, 'unknown') as seller_state,
      orders.order_status,
      orders.order_purchase_timestamp::date as order_purchase_date,
      strftime(orders.order_purchase_timestamp, '%Y-%m') as order_year_month,
      items.price,
      items.freight_value
    from ${orderItems} as items
    join ${orders} as orders on orders.order_id = items.order_id
    left join ${customers} as customers on customers.customer_id = orders.customer_id
    left join ${products} as products on products.product_id = items.product_id
    left join ${sellers} as sellers on sellers.seller_id = items.seller_id`,
});
