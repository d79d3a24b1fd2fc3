import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepsRun } from "../support/run-document.ts";

let project: TestProject;
const days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"];

beforeAll(async () => {
  project = await makeProject({
    "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "backfill" });\n',
    "sources/sales.ts": `import { bronze, csv, t } from "assay";
export const sales = bronze("sales", { from: csv("data/sales.csv"), columns: { id: t.integer(), day: t.date(), total: t.integer() }, key: ["id"] });
`,
    "models/gold/daily.sql": `/*
grain: [day]
materialize: { incremental: { by: [day] } }
checks:
  - between: { column: total, max: 1000 }
*/
select day, sum(total)::integer as total from bronze.sales group by day
`,
    "models/gold/all.sql": "/*\ngrain: []\n*/\nselect sum(total)::integer as total from gold.daily\n",
  });
  await sales();
  expect((await project.json<RunResult>(["run"])).status).toBe("succeeded");
});
afterAll(() => project.remove());

const sales = (more = ""): Promise<void> =>
  project.write({ "data/sales.csv": `id,day,total\n${days.map((day, index) => `${index},${day},${index + 1}0\n`).join("")}${more}` });
const daily = async (): Promise<readonly unknown[]> =>
  (await project.query("select total from gold.daily order by day")).map((row) => row.total);
const backfill = (...args: readonly string[]): Promise<RunResult> => project.json<RunResult>(["backfill", "gold.daily", ...args]);

async function spoil(): Promise<void> {
  const instance = await DuckDBInstance.create(join(project.folder, "warehouse.duckdb"));
  const connection = await instance.connect();
  await connection.run("update gold.daily set total = 0");
  connection.closeSync();
  instance.closeSync();
}

test("builds a range again, and nothing else", async () => {
  await spoil();
  const run = await backfill("--from", "2026-01-02", "--to", "2026-01-03", "--chunks", "2");
  expect(run).toMatchObject({ status: "succeeded", pipeline: "backfill" });
  expect(stepsRun(run)).toEqual(["build gold.daily (1 of 2)", "build gold.daily (2 of 2)"]);
  expect(await daily()).toEqual([0, 20, 30, 0]);
  // Whatever reads it follows with the next run.
  expect(stepsRun(await project.json<RunResult>(["run"]))).toEqual(["build gold.all"]);
});

test("builds listed values again; done once, it starts anew", async () => {
  await spoil();
  for (const total of [10, 10]) {
    expect((await backfill("--values", "2026-01-01,2026-01-04")).status).toBe("succeeded");
    expect((await daily())[0]).toBe(total);
    await spoil();
  }
  expect((await backfill("--to", "2026-12-31")).status).toBe("succeeded");
  expect(await daily()).toEqual([10, 20, 30, 40]);
});

test("goes on where it was interrupted", async () => {
  await sales("4,2026-01-03,5000\n");
  await project.json<RunResult>(["run", "--select", "bronze.*"]);
  await spoil();
  const range = ["--from", "2026-01-01", "--to", "2026-01-04", "--chunks", "4"];
  const failed = await backfill(...range);
  expect(failed.steps.map((step) => step.status)).toEqual(["succeeded", "succeeded", "failed", "skipped"]);
  expect(await daily()).toEqual([10, 20, 0, 0]);
  await sales("4,2026-01-03,5\n");
  await project.json<RunResult>(["run", "--select", "bronze.*"]);
  expect(stepsRun(await backfill(...range))).toEqual(["build gold.daily (3 of 4)", "build gold.daily (4 of 4)"]);
  expect(await daily()).toEqual([10, 20, 35, 40]);
  // The next run reads the changes itself, and finds nothing left to do.
  const next = await project.json<RunResult>(["run"]);
  expect(next.status).toBe("succeeded");
  expect(await daily()).toEqual([10, 20, 35, 40]);
});

test("changes of values that it does not build are left for the next run", async () => {
  await sales();
  expect((await project.json<RunResult>(["run"])).status).toBe("succeeded");
  await sales("5,2026-01-01,1\n6,2026-01-04,4\n");
  await project.json<RunResult>(["run", "--select", "bronze.*"]);
  expect((await backfill("--values", "2026-01-01")).status).toBe("succeeded");
  expect(await daily()).toEqual([11, 20, 30, 40]);
  expect((await project.json<RunResult>(["run"])).status).toBe("succeeded");
  expect(await daily()).toEqual([11, 20, 30, 44]);
});

test.each([
  [[], "which values to build again is not said"],
  [["--from", "soon"], "the values cannot be found: "],
  [["--from", "2026-01-01", "--column", "dya"], "gold.daily is not built by dya"],
])("%j is refused", async (args, message) => {
  const document = await project.json<{ readonly error: { readonly message: string } }>(["backfill", "gold.daily", ...args]);
  expect(document.error.message).toContain(message);
});

test("a model that is not incremental", async () => {
  const { stderr, code } = await project.assay(["backfill", "gold.all", "--to", "1"]);
  expect(code).toBe(2);
  expect(stderr).toContain("gold.all is no incremental model");
});
