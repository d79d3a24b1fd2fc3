import { check, incremental, model, sql, t } from "assay";
import { factSales } from "./fact-sales.ts";

export const salesSummary = model("gold.sales_summary", {
  description:
    "Orders and revenue by state of the customer and category of the product, from the faithful fact: its multiplied revenue included. " +
    "An order with items of two categories counts in both.",
  grain: ["customer_state", "product_category_name"],
  columns: {
    customer_state: t.varchar(),
    product_category_name: t.varchar({ description: "'unknown': no item, or a product without category" }),
    total_orders: t.bigint({ description: "Distinct orders" }),
    total_revenue: t.decimal(12, 2),
    avg_order_value: t.decimal(10, 2, { description: "total_revenue / total_orders, half a cent rounded up" }),
  },
  checks: [check.between("total_orders", { min: 1 }), check.conserves("total_revenue", factSales, { measure: "payment_value" })],
  fanOut: {
    "bronze.order_items":
      "the original adds up a payment once for every item of its order; gold.revenue_reconciliation shows by how much it is off",
  },
  // The average is taken in whole cents: DuckDB divides decimals as doubles, and money never is one here.
  materialize: incremental({ by: ["customer_state", "product_category_name"] }),
  sql: sql`
    with totals as (
      select
        customer_state,
        product_category_name,
        count(distinct order_id) as total_orders,
        sum(payment_value)::decimal(12, 2) as total_revenue
      from ${factSales}
      group by customer_state, product_category_name
    )
    select
      customer_state,
      product_category_name,
      total_orders,
      total_revenue,
      (((total_revenue * 100)::bigint * 2 + total_orders) // (total_orders * 2) * 0.01)::decimal(10, 2) as avg_order_value
    from totals`,
});
