/*
description: Orders of 10 and more.
grain: [order_id]
columns:
  order_id: integer
  total: { type: "decimal(10,2)", nullable: false, description: Euro, sensitive: false }
materialize: view
checks:
  - between: { column: total, min: 10 }
indexes: { big_orders_total: [total] }
tags: [daily]
*/
select order_id, total from bronze.orders where total >= 10
