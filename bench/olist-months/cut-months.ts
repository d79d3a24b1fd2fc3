import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

export const months = 24;

interface Table {
  readonly name: string;
  readonly file: string;
  readonly key: readonly string[];
  /** Month a row belongs to, as a query of key columns and `month`. */
  readonly month: string;
  /** Column → value it has when the row is sent again. */
  readonly corrected: Readonly<Record<string, string>>;
}

const ofOrder = (table: string, keys: string): string =>
  `select distinct ${keys}, coalesce(month, 1) as month from ${table} left join order_months using (order_id)`;
const firstSold = (table: string, key: string): string =>
  `select ${key}, coalesce(min(month), 1) as month from ${table} left join order_items using (${key}) left join order_months using (order_id) group by ${key}`;
const cent = (column: string): string => `(${column}::decimal(10, 2) + 0.01)::varchar`;

const tables: readonly Table[] = [
  {
    name: "orders",
    file: "olist_orders_dataset.csv",
    key: ["order_id"],
    month: "select order_id, month from order_months",
    corrected: { order_status: "'canceled'" },
  },
  {
    name: "customers",
    file: "olist_customers_dataset.csv",
    key: ["customer_id"],
    month:
      "select customer_id, coalesce(min(month), 1) as month from customers left join orders using (customer_id) left join order_months using (order_id) group by customer_id",
    corrected: { customer_state: "case customer_state when 'SP' then 'RJ' else 'SP' end" },
  },
  {
    name: "order_items",
    file: "olist_order_items_dataset.csv",
    key: ["order_id", "order_item_id"],
    month: ofOrder("order_items", "order_id, order_item_id"),
    corrected: { price: cent("price") },
  },
  {
    name: "order_payments",
    file: "olist_order_payments_dataset.csv",
    key: ["order_id", "payment_sequential"],
    month: ofOrder("order_payments", "order_id, payment_sequential"),
    corrected: { payment_value: cent("payment_value") },
  },
  {
    name: "order_reviews",
    file: "olist_order_reviews_dataset.csv",
    key: ["review_id", "order_id"],
    month: ofOrder("order_reviews", "review_id, order_id"),
    corrected: { review_score: "'1'" },
  },
  {
    name: "products",
    file: "olist_products_dataset.csv",
    key: ["product_id"],
    month: firstSold("products", "product_id"),
    corrected: { product_category_name: "'pet_shop'" },
  },
  {
    name: "sellers",
    file: "olist_sellers_dataset.csv",
    key: ["seller_id"],
    month: firstSold("sellers", "seller_id"),
    corrected: { seller_state: "'BA'" },
  },
];

/**
 * Cuts the Olist files into 24 months of purchase, rows in no order: `<out>/<table>/<month>.csv`. One row of 20 comes again, changed,
 * in some later month. A row without an order belongs to the first month, a product or seller to its first sale.
 */
export async function cutMonths(olist: string, out: string): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const run = (text: string): Promise<unknown> => connection.run(text);
  for (const { name, file } of tables) {
    await run(
      `create table ${name} as from read_csv('${join(olist, file)}', all_varchar = true, header = true, quote = '"', escape = '"')`,
    );
  }
  await run(
    `create table order_months as select order_id, least(${months}, dense_rank() over (order by order_purchase_timestamp[1:7])) as month from orders`,
  );
  for (const { name, key, month, corrected } of tables) {
    mkdirSync(join(out, name), { recursive: true });
    await run(`create or replace table placed as select t.*, m.month from ${name} as t join (${month}) as m using (${key.join(", ")})`);
    const seed = key.join(" || ");
    const changed = Object.entries(corrected).map(([column, value]) => `${value} as ${column}`);
    for (let now = 1; now <= months; now += 1) {
      const later = `month + 1 + hash(${seed}, 'later') % greatest(1, ${months} - month)`;
      const again = `select * replace (${changed.join(", ")}) from placed where hash(${seed}, 'again') % 20 = 0 and ${later} = ${now}`;
      await run(
        `copy (select * exclude (month) from (select * from placed where month = ${now} union all ${again}) order by hash(${seed}, 'order'))
         to '${join(out, name, `${String(now).padStart(2, "0")}.csv`)}' (header, delimiter ',', quote '"')`,
      );
    }
  }
  connection.closeSync();
  instance.closeSync();
}
