import { join } from "node:path";
import { inDatabase } from "../contents.ts";
import { dbtProject, duckdbOutput } from "../peers/dbt.ts";
import { contentsQuery } from "./contents.ts";
import type { Peer } from "./peer.ts";

/** dbt as its users write it: an incremental fact that deletes and inserts the orders of the last batch, the daily total as a table. */
export function dbtPeer(command: string, folder: string, data: string): Peer {
  const database = join(folder, "dbt.duckdb");
  const dbt = dbtProject(command, join(folder, "dbt"), duckdbOutput(database), {
    "models/fact.sql": fact,
    "models/daily.sql": daily,
    "models/schema.yml": dbtTests,
    "tests/conserved.sql": conserved,
  });
  // What Assay checks of these tables in each run, and nothing of the table that did not change.
  const build = () => dbt(["build"]);
  return {
    name: "dbt build (dbt-duckdb)",
    load: async () => {
      await inDatabase(database, [
        `create table orders as select *, 0 as batch from read_parquet('${data}/orders-0.parquet')`,
        `create table items as from read_parquet('${data}/items-0.parquet')`,
      ]);
      await build();
    },
    refresh: async (batch) => {
      await inDatabase(database, [
        `create temp table changed as select *, ${batch} as batch from read_parquet('${data}/orders-${batch}.parquet')`,
        "delete from orders using changed where orders.order_id = changed.order_id",
        "insert into orders from changed",
      ]);
      const measured = await build();
      return { measured, contents: await inDatabase(database, [contentsQuery("fact", "daily")]) };
    },
  };
}

const fact = `{{ config(materialized='incremental', incremental_strategy='append',
  pre_hook="{% if is_incremental() %} delete from {{ this }} where order_id in (select order_id from orders where batch = (select max(batch) from orders)) {% endif %}") }}
select i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
from items as i join orders as o on o.order_id = i.order_id
where o.status = 'completed'
{% if is_incremental() %} and o.batch = (select max(batch) from orders) {% endif %}
`;

const daily = `{{ config(materialized='table') }}
select order_date, count(*) as sold, sum(price)::decimal(18, 2) as revenue from {{ ref('fact') }} group by order_date
`;

const conserved = `select 1 where (select sum(price) from {{ ref('fact') }}) is distinct from (select sum(revenue) from {{ ref('daily') }})
`;

const requiredOf = (names: readonly string[], unique: string): string =>
  names.map((name) => `      - name: ${name}\n        data_tests: [not_null${name === unique ? ", unique" : ""}]\n`).join("");

const dbtTests = `sources:
  - name: main
    tables:
    - name: orders
      columns:
${requiredOf(["order_id", "customer_id", "order_date", "status"], "order_id")}models:
  - name: fact
    columns:
${requiredOf(["item_id", "order_id", "order_date", "customer_id", "product_id", "price"], "item_id")}  - name: daily
    columns:
${requiredOf(["order_date", "sold", "revenue"], "order_date")}`;
