/*
grain: [customer]
materialize: view
*/
select customer, count(*) as orders from silver.big_orders2 group by customer
