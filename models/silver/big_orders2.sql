/*
description: Orders of at least the amount in $min_total, with what was paid.
grain: [order_id]
columns:
  order_id: integer
  day: date
  customer: { type: varchar, sensitive: true }
  total: decimal(10,2)
  paid: { type: "decimal(12,2)", nullable: true, description: null means not paid yet }
checks:
  - between: { column: total, min: 0 }
  - relationships: { column: order_id, to: bronze.orders, field: order_id }
  - expression: { name: paid_in_full, expression: paid = total, severity: warn }
tags: [daily]
*/
with paid as (
  select order_id, sum(amount)::decimal(12, 2) as paid from bronze.payments group by order_id
)
select o.order_id, o.ordered_at::date as day, o.customer, o.total, p.paid
from bronze.orders as o
left join paid as p on p.order_id = o.order_id
where o.total >= $min_total
