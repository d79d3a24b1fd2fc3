import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type Measured, measureSuccess } from "../measure.ts";
import { workFolder } from "../places.ts";

/** Another tool that keeps the same two tables up to date. Its raw tables are brought up to date for it; that time is not charged. */
export interface Peer {
  readonly name: string;
  load(): Promise<void>;
  refresh(batch: number): Promise<{ readonly measured: Measured; readonly total: string }>;
}

/** The peers that could be installed from PyPI into the bench's own environments, and why others could not. */
export async function peers(
  folder: string,
  data: string,
): Promise<{ readonly ready: readonly Peer[]; readonly skipped: readonly string[] }> {
  const dbt = installed("venv-dbt", ["dbt-core>=1.9,<1.11", "dbt-duckdb>=1.9,<1.11"], "dbt");
  return "reason" in dbt
    ? { ready: [], skipped: [`dbt-duckdb was skipped: ${dbt.reason}.`] }
    : { ready: [dbtPeer(dbt.command, folder, data)], skipped: [] };
}

// Newer releases of dbt-core fetch a part from a code host while they are installed.
function installed(
  environment: string,
  requirements: readonly string[],
  command: string,
): { readonly command: string } | { readonly reason: string } {
  const folder = join(workFolder, environment);
  const file = join(folder, "bin", command);
  if (existsSync(file)) return { command: file };
  const run = (program: string, args: readonly string[]): boolean => spawnSync(program, args, { stdio: "ignore" }).status === 0;
  if (!run("python3", ["-c", "import venv, ensurepip"])) return { reason: "no python3 with venv and pip on the PATH" };
  console.log(`installing ${requirements.join(", ")} from PyPI into the bench's own environment (once)`);
  run("python3", ["-m", "venv", folder]);
  run(join(folder, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements]);
  return existsSync(file) ? { command: file } : { reason: `pip could not install ${requirements.join(", ")}` };
}

/** dbt as its users write it: an incremental fact that deletes and inserts the orders of the last batch, the daily total as a table. */
function dbtPeer(command: string, folder: string, data: string): Peer {
  const project = join(folder, "dbt");
  const database = join(folder, "dbt.duckdb");
  mkdirSync(join(project, "models"), { recursive: true });
  writeFileSync(join(project, "dbt_project.yml"), "name: orders\nversion: '1.0.0'\nprofile: orders\nmodel-paths: [models]\n");
  writeFileSync(
    join(project, "profiles.yml"),
    `orders:\n  target: dev\n  outputs:\n    dev: { type: duckdb, path: '${database}', threads: 2 }\nconfig: { send_anonymous_usage_stats: false }\n`,
  );
  writeFileSync(
    join(project, "models/fact.sql"),
    `{{ config(materialized='incremental', incremental_strategy='append',
  pre_hook="{% if is_incremental() %} delete from {{ this }} where order_id in (select order_id from orders where batch = (select max(batch) from orders)) {% endif %}") }}
select i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
from items as i join orders as o on o.order_id = i.order_id
where o.status = 'completed'
{% if is_incremental() %} and o.batch = (select max(batch) from orders) {% endif %}
`,
  );
  writeFileSync(
    join(project, "models/daily.sql"),
    "{{ config(materialized='table') }}\nselect order_date, count(*) as sold, sum(price)::decimal(18, 2) as revenue from {{ ref('fact') }} group by order_date\n",
  );
  writeFileSync(join(project, "models/schema.yml"), dbtTests);
  mkdirSync(join(project, "tests"));
  writeFileSync(
    join(project, "tests/conserved.sql"),
    "select 1 where (select sum(price) from {{ ref('fact') }}) is distinct from (select sum(revenue) from {{ ref('daily') }})\n",
  );
  // What Assay checks of these tables in each run, and nothing of the table that did not change.
  const run = (): Promise<Measured> =>
    measureSuccess({
      file: command,
      arguments: ["build", "--quiet", "--project-dir", project, "--profiles-dir", project],
      environment: { DBT_SEND_ANONYMOUS_USAGE_STATS: "false" },
    });
  return {
    name: "dbt build (dbt-duckdb)",
    load: async () => {
      await inDatabase(database, [
        `create table orders as select *, 0 as batch from read_parquet('${data}/orders-0.parquet')`,
        `create table items as from read_parquet('${data}/items-0.parquet')`,
      ]);
      await run();
    },
    refresh: async (batch) => {
      await inDatabase(database, [
        `create temp table changed as select *, ${batch} as batch from read_parquet('${data}/orders-${batch}.parquet')`,
        "delete from orders using changed where orders.order_id = changed.order_id",
        "insert into orders from changed",
      ]);
      const measured = await run();
      return { measured, total: await inDatabase(database, ["select sum(revenue)::varchar as total from daily"]) };
    },
  };
}

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

/** Runs statements; returns the first value of the last one. */
async function inDatabase(path: string, statements: readonly string[]): Promise<string> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  let value = "";
  for (const text of statements) value = String((await connection.runAndReadAll(text)).getRowsJson()[0]?.[0]);
  connection.closeSync();
  instance.closeSync();
  return value;
}
