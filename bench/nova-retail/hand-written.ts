/**
 * Nova Retail as a competent engineer would script it on DuckDB, with no platform: the floor Assay is compared with.
 * CSV with explicit types → Parquet in the same folders as Assay's bronze → silver → gold in a database file. One statement after the other
 * (DuckDB itself uses all cores), no checks, no contract at the door, no run record.
 *
 * node bench/nova-retail/hand-written.ts DATA_FOLDER OUTPUT_FOLDER → one line of JSON (Outcome)
 */
import { mkdirSync } from "node:fs";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Outcome, tables, totalsQuery } from "./outcome.ts";

const sources = {
  orders: {
    columns: `order_id varchar, customer_id varchar, order_status varchar, order_purchase_timestamp timestamp, order_approved_at timestamp,
      order_delivered_carrier_date timestamp, order_delivered_customer_date timestamp, order_estimated_delivery_date timestamp`,
    partitionBy: "order_purchase_timestamp",
  },
  customers: {
    columns: `customer_id varchar, customer_unique_id varchar, customer_zip_code_prefix varchar, customer_city varchar,
      customer_state varchar`,
    partitionBy: null,
  },
  order_items: {
    columns: `order_id varchar, order_item_id smallint, product_id varchar, seller_id varchar, shipping_limit_date timestamp,
      price decimal(10,2), freight_value decimal(10,2)`,
    partitionBy: "shipping_limit_date",
  },
  order_payments: {
    columns: `order_id varchar, payment_sequential smallint, payment_type varchar, payment_installments smallint,
      payment_value decimal(10,2)`,
    partitionBy: null,
  },
  order_reviews: {
    columns: `review_id varchar, order_id varchar, review_score smallint, review_comment_title varchar, review_comment_message varchar,
      review_creation_date timestamp, review_answer_timestamp timestamp`,
    partitionBy: null,
  },
  products: {
    columns: `product_id varchar, product_category_name varchar, product_name_lenght smallint, product_description_lenght smallint,
      product_photos_qty smallint, product_weight_g integer, product_length_cm smallint, product_height_cm smallint,
      product_width_cm smallint`,
    partitionBy: null,
  },
  sellers: {
    columns: "seller_id varchar, seller_zip_code_prefix varchar, seller_city varchar, seller_state varchar",
    partitionBy: null,
  },
} as const;

const silver = `create or replace table silver.order_lines as
  select o.order_id, p.payment_sequential, coalesce(i.order_item_id, 0)::smallint as order_item_id, o.customer_id,
    coalesce(c.customer_state, 'unknown') as customer_state, o.order_status, o.order_purchase_timestamp,
    o.order_purchase_timestamp::date as order_purchase_date, year(o.order_purchase_timestamp)::integer as order_year,
    month(o.order_purchase_timestamp)::integer as order_month, day(o.order_purchase_timestamp)::integer as order_day,
    strftime(o.order_purchase_timestamp, '%Y-%m') as order_year_month, (dayofweek(o.order_purchase_timestamp) + 1)::integer as order_weekday,
    p.payment_type, p.payment_installments, p.payment_value, coalesce(i.product_id, 'unknown') as product_id,
    coalesce(d.product_category_name, 'unknown') as product_category_name, coalesce(i.seller_id, 'unknown') as seller_id,
    coalesce(s.seller_state, 'unknown') as seller_state, i.price, i.freight_value
  from bronze.orders o
  left join bronze.customers c using (customer_id)
  left join bronze.order_payments p using (order_id)
  left join bronze.order_items i using (order_id)
  left join bronze.products d using (product_id)
  left join bronze.sellers s using (seller_id)
  where p.payment_value is not null`;

const summary = (name: string, keys: string) => `create or replace table gold.${name} as
  with totals as (
    select ${keys}, count(distinct order_id) as total_orders, sum(payment_value)::decimal(12, 2) as total_revenue
    from gold.fact_sales group by ${keys}
  )
  select *, (((total_revenue * 100)::bigint * 2 + total_orders) // (total_orders * 2) * 0.01)::decimal(10, 2) as avg_order_value from totals`;

const gold = [
  `create or replace table gold.fact_sales as
  select order_id, customer_id, product_id, seller_id, customer_state, payment_value, payment_type, product_category_name, freight_value,
    order_purchase_timestamp, order_purchase_date, order_year, order_month, order_day, order_year_month, order_weekday, payment_sequential,
    order_item_id
  from silver.order_lines`,
  summary("sales_summary", "customer_state, product_category_name"),
  summary("sales_by_month_state", "order_year_month, customer_state"),
  `create or replace table gold.fact_order_items as
  select i.order_id, i.order_item_id, o.customer_id, coalesce(c.customer_state, 'unknown') as customer_state, i.product_id,
    coalesce(d.product_category_name, 'unknown') as product_category_name, i.seller_id, coalesce(s.seller_state, 'unknown') as seller_state,
    o.order_status, o.order_purchase_timestamp::date as order_purchase_date,
    strftime(o.order_purchase_timestamp, '%Y-%m') as order_year_month, i.price, i.freight_value
  from bronze.order_items i
  join bronze.orders o using (order_id)
  left join bronze.customers c using (customer_id)
  left join bronze.products d using (product_id)
  left join bronze.sellers s using (seller_id)`,
  `create or replace table gold.fact_order_payments as
  select p.order_id, p.payment_sequential, o.customer_id, coalesce(c.customer_state, 'unknown') as customer_state, o.order_status,
    o.order_purchase_timestamp::date as order_purchase_date, strftime(o.order_purchase_timestamp, '%Y-%m') as order_year_month,
    p.payment_type, p.payment_installments, p.payment_value
  from bronze.order_payments p
  join bronze.orders o using (order_id)
  left join bronze.customers c using (customer_id)`,
  `create or replace table gold.revenue_reconciliation as
  with totals as (
    select 'payment_value' as measure, 'bronze.order_payments' as source, (select sum(payment_value) from bronze.order_payments) as source_total,
      (select sum(payment_value) from gold.fact_sales) as faithful_total, (select sum(payment_value) from gold.fact_order_payments) as correct_total
    union all
    select 'price', 'bronze.order_items', (select sum(price) from bronze.order_items), null, (select sum(price) from gold.fact_order_items)
    union all
    select 'freight_value', 'bronze.order_items', (select sum(freight_value) from bronze.order_items),
      (select sum(freight_value) from gold.fact_sales), (select sum(freight_value) from gold.fact_order_items)
  )
  select *, faithful_total - source_total as difference,
    round((faithful_total - source_total) * 100 / source_total, 2)::decimal(9, 2) as difference_percent
  from totals`,
];

const [data, output] = process.argv.slice(2);
if (data === undefined || output === undefined) throw new Error("usage: hand-written.ts DATA_FOLDER OUTPUT_FOLDER");

const stages: Record<string, number> = {};
let mark = performance.now();
function finish(stage: string): void {
  const now = performance.now();
  stages[stage] = (now - mark) / 1000;
  mark = now;
}

const instance = await DuckDBInstance.create(`${output}/warehouse.duckdb`);
const connection = await instance.connect();
await connection.run("create schema if not exists bronze; create schema if not exists silver; create schema if not exists gold");
finish("start");

for (const [name, { columns, partitionBy }] of Object.entries(sources)) {
  const folder = `${output}/bronze/${name}/dt=2026-01-01/run_id=1`;
  mkdirSync(folder, { recursive: true });
  const types = columns.replace(/\s+/g, " ").match(/\w+ \w+(?:\([\d,]+\))?/g) ?? [];
  const structure = types.map((column) => `'${column.split(" ")[0]}': '${column.split(" ")[1]}'`).join(", ");
  const read = `from read_csv('${data}/olist_${name}_dataset.csv', columns = {${structure}}, auto_detect = false, header = true,
    delim = ',', quote = '"', escape = '"')`;
  await connection.run(
    partitionBy === null
      ? `copy (${read}) to '${folder}/part.parquet' (format parquet)`
      : `copy (select *, year(${partitionBy}) as order_year, month(${partitionBy}) as order_month ${read})
         to '${folder}' (format parquet, partition_by (order_year, order_month), overwrite_or_ignore)`,
  );
  await connection.run(`create or replace view bronze.${name} as from read_parquet('${folder}/**/*.parquet', hive_partitioning = false)`);
}
finish("bronze");
await connection.run(silver);
finish("silver");
for (const statement of gold) await connection.run(statement);
finish("gold");

const facts: Record<string, string> = {};
for (const table of tables) {
  const [row] = (await connection.runAndReadAll(`select count(*)::varchar as n from ${table}`)).getRowObjectsJson();
  facts[`rows ${table}`] = String(row?.n);
}
const [totals] = (await connection.runAndReadAll(totalsQuery)).getRowObjectsJson();
for (const [name, value] of Object.entries(totals ?? {})) facts[name] = String(value);
finish("count");
connection.closeSync();
instance.closeSync();
finish("close");
console.log(JSON.stringify({ facts, stages } satisfies Outcome));
