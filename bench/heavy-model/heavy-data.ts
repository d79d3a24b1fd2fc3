import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** Rows of a table; the numbers of the issue at scale 1. */
export const sizesAt = (scale: number) =>
  ({
    items: Math.round(20_000_000 * scale),
    orders: Math.round(8_000_000 * scale),
    customers: Math.round(1_000_000 * scale),
    products: Math.round(100_000 * scale),
    sellers: Math.round(10_000 * scale),
    /** Orders a batch sends again, changed: one of a thousand. */
    changed: Math.round(8_000 * scale),
    days: 1461,
  }) as const;

/** Writes `orders-0.parquet` and `batches` files `orders-1.parquet` … of changed orders, and `<table>-0.parquet` of the six other tables. */
export async function writeHeavyData(folder: string, batches: number, scale: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const sizes = sizesAt(scale);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const write = (name: string, select: string): Promise<unknown> =>
    connection.run(`copy (${select}) to '${join(folder, `${name}.parquet`)}' (format parquet)`);
  for (const [name, select] of Object.entries(dimensions(sizes))) await write(`${name}-0`, select);
  await write("orders-0", `select * from (${orders(sizes)} from range(${sizes.orders}) as t(id))`);
  for (let batch = 1; batch <= batches; batch += 1) await write(`orders-${batch}`, changedOrders(sizes, batch));
  connection.closeSync();
  instance.closeSync();
}

type Sizes = ReturnType<typeof sizesAt>;

const pick = (salt: string, of: number, type: string): string => `(hash(id, '${salt}') % ${of})::${type}`;

const dimensions = (sizes: Sizes): Readonly<Record<string, string>> => ({
  items: `select id as item_id, ${pick("order", sizes.orders, "bigint")} as order_id, ${pick("product", sizes.products, "integer")} as product_id,
    ${pick("seller", sizes.sellers, "integer")} as seller_id, (${pick("price", 20000, "integer")} / 100)::decimal(10, 2) as price
    from range(${sizes.items}) as t(id)`,
  customers: `select id::integer as customer_id, concat('state ', ${pick("state", 27, "integer")}) as state from range(${sizes.customers}) as t(id)`,
  products: `select id::integer as product_id, concat('category ', ${pick("category", 71, "integer")}) as category
    from range(${sizes.products}) as t(id)`,
  sellers: `select id::integer as seller_id, concat('state ', ${pick("state", 27, "integer")}) as state from range(${sizes.sellers}) as t(id)`,
  payments: `select id as order_id, (['card', 'transfer', 'voucher'])[1 + ${pick("type", 3, "integer")}] as payment_type,
    ${pick("instalments", 12, "integer")} as instalments from range(${sizes.orders}) as t(id)`,
  calendar: `select day::date as day, strftime(day, '%Y-%m') as month, dayofweek(day) in (0, 6) as is_weekend
    from range(date '2023-01-01', date '2023-01-01' + ${sizes.days}, interval 1 day) as t(day)`,
});

// One day short of the calendar, so that a changed order can move to the next.
const orders = (sizes: Sizes): string => `select id as order_id, ${pick("customer", sizes.customers, "integer")} as customer_id,
  date '2023-01-01' + ${pick("day", sizes.days - 1, "integer")} as order_date,
  case hash(id, 'status') % 10 when 0 then 'cancelled' else 'completed' end as status`;

/** One order of three gets another day, one another customer, one another status. */
function changedOrders(sizes: Sizes, batch: number): string {
  const step = Math.floor(sizes.orders / sizes.changed);
  return `select order_id,
      case order_id % 3 when 0 then (customer_id + ${batch}) % ${sizes.customers} else customer_id end::integer as customer_id,
      case order_id % 3 when 1 then order_date + 1 else order_date end::date as order_date,
      case order_id % 3 when 2 then (case status when 'completed' then 'cancelled' else 'completed' end) else status end as status
    from (${orders(sizes)} from range(${sizes.changed}) as r(n), lateral (select (n * ${step} + ${batch})::bigint as id) as t)`;
}
