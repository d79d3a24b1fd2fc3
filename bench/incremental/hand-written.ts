/**
 * What a competent engineer would script for the same change on DuckDB: touched order ids from the batch, their rows deleted and made again,
 * touched days likewise. No checks, no record of changes or runs.
 *
 * node bench/incremental/hand-written.ts DATABASE DATA_FOLDER full | BATCH → one line of JSON: { seconds }
 */
import { DuckDBInstance } from "@duckdb/node-api";

const [database = "", folder = "", what = ""] = process.argv.slice(2);
const instance = await DuckDBInstance.create(database);
const connection = await instance.connect();
const run = (text: string): Promise<unknown> => connection.run(text);

const fact = `select i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
  from items as i join orders as o on o.order_id = i.order_id where o.status = 'completed'`;
const daily = "select order_date, count(*) as sold, sum(price)::decimal(18, 2) as revenue from fact";

if (what === "load") {
  await run(`create or replace table orders as from read_parquet('${folder}/orders-0.parquet')`);
  await run(`create or replace table items as from read_parquet('${folder}/items-0.parquet')`);
}
const started = performance.now();
await run("begin");
if (what === "load" || what === "full") {
  await run(`create or replace table fact as ${fact}`);
  await run(`create or replace table daily as ${daily} group by order_date`);
} else {
  await run(`create temp table changed as select n.* from read_parquet('${folder}/orders-${what}.parquet') as n`);
  await run("create temp table days as select distinct order_date from fact semi join changed using (order_id)");
  await run("delete from orders using changed where orders.order_id = changed.order_id");
  await run("insert into orders from changed");
  await run("delete from fact using changed where fact.order_id = changed.order_id");
  await run(`insert into fact select i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
    from (from items semi join changed using (order_id)) as i join changed as o on o.order_id = i.order_id where o.status = 'completed'`);
  await run("insert into days select distinct order_date from changed");
  await run("delete from daily using days where daily.order_date = days.order_date");
  await run(`insert into daily ${daily} semi join days using (order_date) group by order_date`);
}
await run("commit");
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ seconds }));
connection.closeSync();
instance.closeSync();
