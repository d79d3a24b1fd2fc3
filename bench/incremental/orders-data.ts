import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const days = 730;

/** How large the work is. */
const sizes = (scale: number) =>
  ({
    orders: Math.round(4_000_000 * scale),
    items: Math.round(10_000_000 * scale),
    /** Orders a batch of changes sends again, changed. */
    changed: Math.round(40_000 * scale),
  }) as const;

const orderColumns = (status: string): string => `
  id as order_id,
  hash(id) % 500000 as customer_id,
  date '2024-01-01' + (hash(id, 'day') % ${days})::integer as order_date,
  ${status} as status`;

const firstStatus = "case hash(id, 'status') % 3 when 0 then 'cancelled' else 'completed' end";

/**
 * Writes `orders-0.parquet` (orders over 730 days, two of three completed), `items-0.parquet` and `batches` files `orders-1.parquet` …, each with 1 %
 * of the orders: a part of them with another date, a part with another status. At scale 1: 4 million orders, 10 million items.
 */
export async function writeOrders(folder: string, batches: number, scale: number): Promise<void> {
  const { orders, items, changed } = sizes(scale);
  mkdirSync(folder, { recursive: true });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const write = (name: string, select: string): Promise<unknown> =>
    connection.run(`copy (${select}) to '${join(folder, name)}' (format parquet)`);
  await write(
    "orders-0.parquet",
    `select order_id::bigint as order_id, customer_id::integer as customer_id, order_date::date as order_date, status
     from (select ${orderColumns(firstStatus)} from range(${orders}) as t(id))`,
  );
  await write(
    "items-0.parquet",
    `select id::bigint as item_id, (hash(id, 'order') % ${orders})::bigint as order_id, (hash(id, 'product') % 30000)::integer as product_id,
       ((hash(id, 'price') % 20000) / 100)::decimal(10, 2) as price
     from range(${items}) as t(id)`,
  );
  for (let batch = 1; batch <= batches; batch += 1) {
    await write(
      `orders-${batch}.parquet`,
      `select order_id::bigint as order_id, customer_id::integer as customer_id,
         (case when order_id % 2 = 0 then order_date + 1 else order_date end)::date as order_date,
         case when order_id % 2 = 1 then (case status when 'completed' then 'cancelled' else 'completed' end) else status end as status
       from (select ${orderColumns(firstStatus)} from (select (hash(n, ${batch}) % ${orders})::bigint as id from range(${changed}) as r(n) group by 1))`,
    );
  }
  connection.closeSync();
  instance.closeSync();
}
