import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { RunResult, StepResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";

// Each test is a row of runs; on a busy machine they take their time.
vi.setConfig({ testTimeout: 120_000 });

let project: TestProject;
beforeEach(async () => {
  project = await makeProject({
    "assay.config.ts": `import { defineProject } from "assay";\nexport default defineProject({ name: "shop" });\n`,
    "sources/orders.ts": `import { bronze, check, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("data/orders.csv"),
  columns: { id: t.integer(), note: t.varchar({ nullable: true }), ordered_at: t.timestamp() },
  checks: [check.rowCountDrift({ minHistory: 3 }), check.nullShareDrift("note", { minHistory: 3 })],
});
`,
    "models/gold/orders.sql": `/*
grain: [id]
checks:
  - row_count_drift: { minHistory: 3, severity: error }
  - freshness: { column: ordered_at, maxAge: 1 day, severity: warn }
*/
select id, ordered_at from bronze.orders
`,
  });
});
afterEach(() => project.remove());

const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString().slice(0, 19).replace("T", " ");

/** `count` orders, so many without a note; `mark` makes their content new. */
const orders = (count: number, nulls: number, mark: string, at = hoursAgo(2)): Promise<void> =>
  project.write({
    "data/orders.csv": `id,note,ordered_at\n${Array.from({ length: count }, (_, index) => `${index},${index < nulls ? "" : mark},${at}\n`).join("")}`,
  });

const run = (...args: readonly string[]): Promise<RunResult> => project.json<RunResult>(["run", ...args]);
const messages = (step: StepResult, kind: string): readonly unknown[] =>
  step.checks.filter((item) => item.check === kind).map((item) => [item.status, item.message]);

test("a table is held against its own versions: recorded when published, and only then", async () => {
  for (const [index, mark] of ["a", "b", "c"].entries()) {
    await orders(20 + index, 2, mark);
    const step = stepOf(await run(), "ingest bronze.orders");
    expect(messages(step, "row_count_drift")).toEqual([["passed", `not enough history: ${index} of 3 publications`]]);
    expect(messages(step, "null_share_drift")).toEqual([["passed", `not enough history: ${index} of 3 publications`]]);
  }
  await orders(40, 39, "d");
  const drifted = await run();
  expect(drifted.status).toBe("failed");
  const ingest = stepOf(drifted, "ingest bronze.orders");
  expect(messages(ingest, "row_count_drift")).toEqual([["warned", "40 rows, expected 17 to 25 (from 3 earlier publications)"]]);
  expect(messages(ingest, "null_share_drift")[0]).toEqual(["warned", expect.stringMatching(/^97\.50 % of note is null, expected /)]);
  expect(stepOf(drifted, "build gold.orders").error?.message).toContain("check row_count_drift failed: 40 rows, expected 17 to 25");
  // What was not published is no history: gold keeps three, bronze has four.
  expect(
    await project.query("select table_name, metric, list(value order by recorded_at) as n from assay.metrics group by all order by all"),
  ).toEqual([
    { table_name: "bronze.orders", metric: "null_count", n: ["2", "2", "2", "39"] },
    { table_name: "bronze.orders", metric: "row_count", n: ["20", "21", "22", "40"] },
    { table_name: "gold.orders", metric: "row_count", n: ["20", "21", "22"] },
  ]);
  await orders(22, 2, "e");
  expect((await run()).status).toBe("succeeded");
});

test("the same rows published again are one version of the history", async () => {
  await orders(20, 2, "a");
  await run();
  for (let again = 0; again < 3; again++) {
    // Another note in bronze, which gold does not show: gold's rows stay what they were.
    await orders(20, 2, `again ${again}`, hoursAgo(1));
    await project.write({
      "models/gold/orders.sql": `/*\ngrain: [id]\nchecks:\n  - row_count_drift: { minHistory: 3 }\n*/\nselect id from bronze.orders where ${again} >= 0\n`,
    });
    const step = stepOf(await run(), "build gold.orders");
    expect(messages(step, "row_count_drift")[0]).toEqual(["passed", expect.stringMatching(/^not enough history: [12] of 3 /)]);
  }
});

test("freshness is looked at in every run, also when nothing new came", async () => {
  await orders(3, 0, "a", hoursAgo(2));
  expect(messages(stepOf(await run(), "build gold.orders"), "freshness")).toEqual([["passed", null]]);
  const quiet = await run();
  expect(stepOf(quiet, "build gold.orders")).toMatchObject({ status: "skipped", checks: [{ check: "freshness", status: "passed" }] });
  expect(await project.json<RunResult>(["runs", "show", quiet.run_id])).toEqual(quiet);
  await orders(3, 0, "b", hoursAgo(30));
  expect(stepOf(await run(), "build gold.orders").checks.find((item) => item.check === "freshness")?.status).toBe("warned");
  const stale = await run();
  const step = stepOf(stale, "build gold.orders");
  expect(stale.status).toBe("succeeded");
  expect(step).toMatchObject({ status: "succeeded", rows_out: null, checks: [{ check: "freshness", status: "warned" }] });
  expect(step.reason).toMatch(/^unchanged since run /);
  expect(await project.json<RunResult>(["runs", "show", stale.run_id])).toEqual(stale);
  expect((await project.assay(["run"])).stdout).toMatch(/gold\.orders.*1 ▲ warned/);
});

/** Makes the published rows two days older, as if nothing had come for so long. */
async function letTimePass(): Promise<void> {
  const instance = await DuckDBInstance.create(join(project.folder, "warehouse.duckdb"));
  const connection = await instance.connect();
  await connection.run("update gold.orders set ordered_at = ordered_at - interval 2 days");
  connection.closeSync();
  instance.closeSync();
}

test("a table that must be fresh and is not fails every run until something new comes; what is published stays", async () => {
  await orders(3, 0, "a");
  await project.write({
    "models/gold/orders.sql":
      "/*\ngrain: [id]\nchecks:\n  - freshness: { column: ordered_at, maxAge: 1 day }\n*/\nselect id, ordered_at from bronze.orders\n",
  });
  expect((await run()).status).toBe("succeeded");
  await letTimePass();
  const stale = await run();
  expect(stale.status).toBe("failed");
  const step = stepOf(stale, "build gold.orders");
  expect(step).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED", hint: expect.stringContaining("nothing new came") } });
  expect(step.error?.message).toMatch(/^gold\.orders: check freshness \(ordered_at\) failed: the newest ordered_at is /);
  expect(await project.query("select count(*) as n from gold.orders")).toEqual([{ n: "3" }]);
  expect(await project.json<RunResult>(["runs", "show", stale.run_id])).toEqual(stale);
  await orders(3, 0, "b", hoursAgo(1));
  expect((await run()).status).toBe("succeeded");
});
