import { join } from "node:path";
import { inDatabase } from "../contents.ts";
import { sqlmeshProject } from "../peers/sqlmesh.ts";
import { contentsQuery } from "./contents.ts";
import type { Peer } from "./peer.ts";

/**
 * SQLMesh as its users write it: a fact that deletes and inserts the orders of the interval, the daily total in full. By unique key would be
 * slower and not enough: on DuckDB it never deletes a key that is missing, here the items of an order that was cancelled. State stands in the
 * same file, as by default.
 */
export function sqlmeshPeer(command: string, folder: string, data: string): Peer {
  // The file's name is its catalog's, and SQLMesh keeps its state in a schema called sqlmesh.
  const database = join(folder, "sqlmesh-shop.duckdb");
  const run = sqlmeshProject(command, join(folder, "sqlmesh"), database, dayOf(0), {
    "external_models.yaml": externalModels,
    "models/fact.sql": fact,
    "models/daily.sql": daily,
    "audits/conserved.sql": conserved,
  });
  return {
    name: "sqlmesh run (DuckDB)",
    load: async () => {
      await inDatabase(database, [
        "create schema raw",
        `create table raw.orders as select *, timestamp '${dayOf(0)}' as updated_at from read_parquet('${data}/orders-0.parquet')`,
        `create table raw.items as from read_parquet('${data}/items-0.parquet')`,
      ]);
      await run(["plan", "--execution-time", dayOf(1), "--auto-apply", "--no-prompts"]);
    },
    refresh: async (batch) => {
      await inDatabase(database, [
        `create temp table changed as select *, timestamp '${dayOf(batch)}' as updated_at from read_parquet('${data}/orders-${batch}.parquet')`,
        "delete from raw.orders using changed where orders.order_id = changed.order_id",
        "insert into raw.orders from changed",
      ]);
      const measured = await run(["run", "--end", dayOf(batch)]);
      return { measured, contents: await inDatabase(database, [contentsQuery("shop.fact", "shop.daily")]) };
    },
  };
}

/** Each batch is the work of another day, all of them past: `sqlmesh run` finds exactly one day missing. */
const dayOf = (batch: number): string => new Date(Date.UTC(2024, 0, 1 + batch)).toISOString().slice(0, 10);

const fact = `MODEL (
  name shop.fact,
  kind INCREMENTAL_UNMANAGED,
  grain item_id,
  audits (
    not_null(columns := (item_id, order_id, order_date, customer_id, product_id, price)),
    unique_values(columns := (item_id))
  )
);

@IF(
  @runtime_stage = 'evaluating',
  DELETE FROM @this_model WHERE order_id IN (SELECT order_id FROM raw.orders WHERE updated_at BETWEEN @start_ts AND @end_ts)
);

SELECT i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
FROM raw.items AS i
JOIN raw.orders AS o ON o.order_id = i.order_id
WHERE o.status = 'completed' AND o.updated_at BETWEEN @start_ts AND @end_ts
`;

const daily = `MODEL (
  name shop.daily,
  kind FULL,
  grain order_date,
  audits (not_null(columns := (order_date, sold, revenue)), unique_values(columns := (order_date)), conserved)
);

SELECT order_date, COUNT(*) AS sold, SUM(price)::DECIMAL(18, 2) AS revenue
FROM shop.fact
GROUP BY order_date
`;

const conserved = `AUDIT (name conserved);

SELECT 1 AS broken
WHERE (SELECT SUM(price) FROM shop.fact) IS DISTINCT FROM (SELECT SUM(revenue) FROM @this_model)
`;

const externalModels = `- name: raw.orders
  columns: { order_id: bigint, customer_id: int, order_date: date, status: text, updated_at: timestamp }
  audits:
    - name: not_null
      columns: "[order_id, customer_id, order_date, status]"
    - name: unique_values
      columns: "[order_id]"
- name: raw.items
  columns: { item_id: bigint, order_id: bigint, product_id: int, price: "decimal(10, 2)" }
`;
