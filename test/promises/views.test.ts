import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

let project: TestProject;

beforeAll(async () => {
  project = await makeProject({
    "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "views" });\n',
    "sources/prices.ts": `import { bronze, csv, t } from "assay";
export const prices = bronze("prices", { from: csv("data/prices.csv"), columns: { product: t.varchar(), price: t.integer() }, key: ["product"] });
`,
    "models/silver/doubled.sql":
      "/*\ngrain: [product]\nmaterialize: view\nchecks:\n  - between: { column: price, max: 100 }\n*/\nselect product, price * 2 as price from bronze.prices\n",
    // Through another view: what it shows comes from below the one that is checked.
    "models/gold/shown.sql": "/*\ngrain: [product]\nmaterialize: view\n*/\nselect product, price from silver.doubled\n",
    "data/prices.csv": "product,price\napple,10\n",
  });
});
afterAll(() => project.remove());

const prices = (...rows: readonly string[]): Promise<void> =>
  project.write({ "data/prices.csv": `product,price\n${rows.map((row) => `${row}\n`).join("")}` });
const shown = async (table: string): Promise<readonly unknown[]> =>
  (await project.query(`select price from ${table} order by all`)).map((row) => row.price);
const kindOf = async (table: string): Promise<unknown> =>
  (await project.query(`select table_type from information_schema.tables where table_schema || '.' || table_name = '${table}'`))[0]
    ?.table_type;

test("a view shows new rows of its upstream only when its own checks have passed on them", async () => {
  expect((await project.json<RunResult>(["run"])).status).toBe("succeeded");
  expect(await shown("gold.shown")).toEqual([20]);
  await prices("apple,10", "pear,60");
  const bad = await project.json<RunResult>(["run"]);
  expect(stepOf(bad, "ingest bronze.prices").status).toBe("succeeded");
  expect(stepOf(bad, "build silver.doubled").status).toBe("failed");
  expect(stepOf(bad, "build gold.shown").status).toBe("skipped");
  expect(await shown("bronze.prices")).toEqual([10, 60]);
  expect(await shown("silver.doubled")).toEqual([20]);
  expect(await shown("gold.shown")).toEqual([20]);
  // Also when only the upstream runs.
  await prices("apple,11", "pear,60");
  await project.json<RunResult>(["run", "--select", "bronze.*"]);
  expect(await shown("gold.shown")).toEqual([20]);
  await prices("apple,11", "pear,40");
  const good = await project.json<RunResult>(["run"]);
  expect(stepsRun(good)).toEqual(["build gold.shown", "build silver.doubled", "ingest bronze.prices"]);
  expect(await shown("gold.shown")).toEqual([22, 80]);
  expect([await kindOf("silver.doubled"), await kindOf("gold.shown")]).toEqual(["VIEW", "VIEW"]);
});

test("a model built from a view that showed older rows has not read the newer ones", async () => {
  const name = "silver.followed";
  await project.write({
    "models/silver/followed.sql":
      "/*\ngrain: [product]\nmaterialize: { incremental: { by: [product] } }\n*/\nselect d.product, d.price from silver.doubled as d left join bronze.prices as p on p.product = d.product\n",
  });
  await prices("apple,1");
  await project.json<RunResult>(["run"]);
  await prices("apple,1", "plum,2", "fig,3");
  // Built without the view's own step it reads the view as it stands.
  await project.json<RunResult>(["run", "--select", "bronze.prices", "--select", name]);
  expect([await shown("silver.doubled"), await shown(name)]).toEqual([[2], [2]]);
  expect(stepOf(await project.json<RunResult>(["run"]), `build ${name}`).status).toBe("succeeded");
  expect(await shown(name)).toEqual([2, 4, 6]);
  expect(stepsRun(await project.json<RunResult>(["run"]))).toEqual([]);
});
