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
    const results: unknown = await client.query(text);
    return (Array.isArray(results) ? results.at(-1) : results).rows;
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

it("policies that people put on a project's tables hold through its runs; one that cannot be kept fails its step alone", async () => {
  await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n1,pear,2.00\n" });
  await run();
  await administer(`create role guest; grant usage on schema silver, gold to guest; grant select on silver.sales, gold.by_product to guest;
    alter table silver.sales enable row level security; create policy apples on silver.sales to guest using (product = 'apple');
    alter table gold.by_product enable row level security; create policy apples on gold.by_product to guest using (product = 'apple');
    drop schema bi cascade`);
  const guest = async (table: string): Promise<readonly unknown[]> => administer(`set role guest; select product from ${table}`);
  const onlyApples = async (): Promise<void> => {
    for (const table of ["silver.sales", "gold.by_product"]) expect(await guest(table), table).toEqual([{ product: "apple" }]);
  };
  await shop.write({ "data/items.csv": "order_id,product,price\n1,apple,9.00\n1,plum,2.00\n" });
  await run();
  await onlyApples();
  await shop.write({
    "models/gold/by_product.sql":
      "/*\ngrain: [product]\n*/\nselect product, count(*) as sold, 1 as more from silver.sales group by product\n",
  });
  await run();
  await onlyApples();
  await shop.write({
    "models/gold/by_product.sql": "/*\ngrain: [thing]\n*/\nselect product as thing, count(*) as sold from silver.sales group by product\n",
  });
  const { steps } = await shop.json<RunResult>(["run"]);
  expect(steps.flatMap(({ step, error }) => (error === null ? [] : [[step, error.code, error.message]]))).toEqual([
    ["build gold.by_product", "DEPENDENT_OBJECTS", expect.stringContaining("policy apples: there is no column product any more")],
  ]);
  await onlyApples();
});
