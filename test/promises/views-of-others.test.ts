import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

let server: PostgresServer;
let shop: TestProject;

const config = `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: { pro: { engine: postgres(env("URL")) } } });
`;
const shown = `/*
grain: [day]
materialize: view
columns: { day: DATE, revenue: "DECIMAL(18, 2)" }
*/
select day, revenue from gold.by_day
`;

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  const files = { ...shopFiles, "assay.config.ts": config, "models/gold/shown.sql": shown };
  shop = await makeProject(files, { env: { URL: server.url } });
}, 120_000);
afterAll(async () => {
  await shop?.remove();
  await server?.stop();
});

async function administer(text: string): Promise<readonly unknown[]> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const run = async (): Promise<void> => {
  const { steps } = await shop.json<RunResult>(["run"]);
  expect(steps.flatMap(({ step, error }) => (error === null ? [] : [`${step}: ${error.message}`]))).toEqual([]);
};

it("views that people made over tables and views of a project go on through its runs", async () => {
  await run();
  await administer(`create schema bi; create view bi.raw as select count(*)::int as n from bronze.items;
    create view bi.sales as select count(*)::int as n from silver.sales; create view bi.days as select * from gold.by_day;
    create view bi.shown as select sum(revenue)::text as total from gold.shown; create view bi.both as select raw.n, total from bi.raw, bi.shown`);
  const seen = "select raw.n as raw, sales.n as sales, (select count(*)::int from bi.days) as days, total from bi.raw, bi.sales, bi.shown";
  const [before] = await administer(seen);
  await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n" });
  await run();
  const [after] = await administer(seen);
  expect(after).toEqual({ raw: 1, sales: 1, days: 1, total: "9.00" });
  expect(after).not.toEqual(before);
  expect(await administer("select total from bi.both")).toEqual([{ total: "9.00" }]);
});
