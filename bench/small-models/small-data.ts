import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inDatabase } from "../contents.ts";

/** Writes `orders.csv` (100,000 at scale 1, over two years, three of four completed) and `items.csv` (110,000, one or two an order). */
export async function writeSmallData(folder: string, scale: number): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const orders = Math.round(100_000 * scale);
  const write = (name: string, select: string): string => `copy (${select}) to '${join(folder, name)}' (header, delimiter ',')`;
  await inDatabase(":memory:", [
    write(
      "orders.csv",
      `select id as order_id, hash(id) % 40000 as customer_id, date '2024-01-01' + (hash(id, 'day') % 730)::integer as order_date,
        case hash(id, 'status') % 4 when 0 then 'cancelled' else 'completed' end as status from range(${orders}) as t(id)`,
    ),
    write(
      "items.csv",
      `select id as item_id, id % ${orders} as order_id, hash(id, 'product') % 5000 as product_id, 1 + hash(id, 'quantity') % 3 as quantity,
        ((hash(id, 'price') % 20000) / 100)::decimal(10, 2) as price from range(${Math.round(orders * 1.1)}) as t(id)`,
    ),
  ]);
}
