import { check, incremental, model, sql, t } from "assay";
import { orderLines } from "../silver/order-lines.ts";

export const factSales = model("gold.fact_sales", {
  description:
    "The original's fact, kept as it was. Its revenue is multiplied: payments were joined to items by order_id alone, so a payment stands " +
    "here once for every item of its order (on the real data 20,470,726.66 instead of 16,008,872.12). It therefore conserves no total; " +
    "gold.revenue_reconciliation shows how far it is off. The original's key (order_id, product_id) does not hold; this grain does.",
  grain: ["order_id", "payment_sequential", "order_item_id"],
  columns: {
    order_id: t.varchar(),
    customer_id: t.varchar(),
    product_id: t.varchar({ description: "'unknown': the order has no items" }),
    seller_id: t.varchar({ description: "'unknown': the order has no items" }),
    customer_state: t.varchar(),
    payment_value: t.decimal(10, 2, { description: "Once for every item of the order: do not add up over items" }),
    payment_type: t.varchar(),
    product_category_name: t.varchar({ description: "'unknown': no item, or a product without category" }),
    freight_value: t.decimal(10, 2, { nullable: true, description: "Once for every payment of the order; absent without an item" }),
    order_purchase_timestamp: t.timestamp(),
    order_purchase_date: t.date(),
    order_year: t.integer(),
    order_month: t.integer(),
    order_day: t.integer(),
    order_year_month: t.varchar({ description: "2018-03" }),
    order_weekday: t.integer({ description: "1 Sunday to 7 Saturday" }),
    payment_sequential: t.smallint({ description: "Number of the payment within the order, from 1" }),
    order_item_id: t.smallint({ description: "Number of the unit within the order, from 1; 0: the order has no items" }),
  },
  indexes: {
    idx_fact_sales_date: ["order_purchase_date"],
    idx_fact_sales_year: ["order_year"],
    idx_fact_sales_ym: ["order_year_month"],
    idx_fact_sales_state: ["customer_state"],
    idx_fact_sales_payment: ["payment_type"],
  },
  checks: [check.rowCount({ min: 1 }), check.between("payment_value", { min: "0.00" })],
  materialize: incremental({ by: ["order_id"] }),
  sql: sql`
    select
      order_id,
      customer_id,
      product_id,
      seller_id,
      customer_state,
      payment_value,
      payment_type,
      product_category_name,
      freight_value,
      order_purchase_timestamp,
      order_purchase_date,
      order_year,
      order_month,
      order_day,
      order_year_month,
      order_weekday,
      payment_sequential,
      order_item_id
    from ${orderLines}`,
});
