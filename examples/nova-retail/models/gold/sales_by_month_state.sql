/*
description: >-
  Orders and revenue by month of purchase and state of the customer, from the faithful fact: its multiplied revenue included.
grain: [order_year_month, customer_state]
materialize: { incremental: { by: [order_year_month, customer_state] } }
columns:
  order_year_month: { type: varchar, description: "2018-03" }
  customer_state: varchar
  total_orders: { type: bigint, description: Distinct orders }
  total_revenue: decimal(12,2)
  avg_order_value: { type: "decimal(10,2)", description: "total_revenue / total_orders, half a cent rounded up" }
checks:
  - matches: { column: order_year_month, pattern: "^[0-9]{4}-[0-9]{2}$" }
  - between: { column: total_orders, min: 1 }
  - conserves: { column: total_revenue, upstream: gold.fact_sales, measure: payment_value }
fanOut:
  bronze.order_items: >-
    the original adds up a payment once for every item of its order; gold.revenue_reconciliation shows by how much it is off
*/
with totals as (
  select
    order_year_month,
    customer_state,
    count(distinct order_id) as total_orders,
    sum(payment_value)::decimal(12, 2) as total_revenue
  from gold.fact_sales
  group by order_year_month, customer_state
)
select
  order_year_month,
  customer_state,
  total_orders,
  total_revenue,
  -- In whole cents: DuckDB divides decimals as doubles.
  (((total_revenue * 100)::bigint * 2 + total_orders) // (total_orders * 2) * 0.01)::decimal(10, 2) as avg_order_value
from totals
