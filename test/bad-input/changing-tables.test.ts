import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ErrorReport, RunResult, StepResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";

let project: TestProject;

const sources = (id: string): string => `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("data/orders-*.csv"),
  columns: { order_id: t.${id}(), status: t.varchar(), changed_at: t.timestamp() },
  key: ["order_id"],
  load: "merge",
});
`;

const paid = (id: string): string => `import { incremental, model, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const paid = model("silver.paid", {
  grain: ["order_id"],
  columns: { order_id: t.${id}(), status: t.varchar() },
  materialize: incremental({ by: ["order_id"] }),
  sql: sql\`select order_id, status from \${orders} where status = 'paid'\`,
});
`;

const history = (materialize: string): string => `import { model, snapshot, sql, t } from "assay";
import { orders } from "../../sources/orders.ts";
export const history = model("gold.history", {
  grain: ["order_id"],
  columns: { order_id: t.varchar(), status: t.varchar(), changed_at: t.timestamp() },
  materialize: ${materialize},
  sql: sql\`select order_id, status, changed_at from \${orders}\`,
});
`;

beforeAll(async () => {
  project = await makeProject({
    "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "changing" });\n',
    "sources/orders.ts": sources("varchar"),
    "models/silver/paid.ts": paid("varchar"),
    "models/gold/history.ts": history('snapshot({ at: "changed_at" })'),
  });
  await send("1", "1,new,2026-01-05 00:00:00", "2,paid,2026-01-05 00:00:00");
  expect((await run()).status).toBe("succeeded");
}, 90_000);
afterAll(() => project?.remove());

const send = (name: string, ...rows: readonly string[]): Promise<void> =>
  project.write({ [`data/orders-${name}.csv`]: `order_id,status,changed_at\n${rows.map((row) => `${row}\n`).join("")}` });
const run = (...args: readonly string[]): Promise<RunResult> => project.json<RunResult>(["run", ...args]);
const step = async (name: string, ...args: readonly string[]): Promise<StepResult> => stepOf(await run(...args), name);

test("a key that one file gives twice, with different rows: the file, the key, and nothing changes", async () => {
  await send("2", "7,new,2026-01-06 00:00:00", "7,paid,2026-01-06 00:00:00");
  const { status, error } = await step("ingest bronze.orders");
  expect(status).toBe("failed");
  expect(error).toMatchObject({
    code: "CHECK_FAILED",
    message: `bronze.orders: ${join(project.folder, "data/orders-2.csv")} gives 2 different rows for the key order_id = 7`,
    hint: expect.stringContaining("what was published before stands"),
  });
  expect(await project.query("select order_id from bronze.orders order by all")).toEqual([{ order_id: "1" }, { order_id: "2" }]);
  await project.remove("data/orders-2.csv");
});

test("a row without its key stays out, with file, row and reason", async () => {
  await send("2", ",new,2026-01-06 00:00:00", "3,paid,2026-01-06 00:00:00");
  expect(await step("ingest bronze.orders")).toMatchObject({ status: "succeeded", quarantined: 1, rows_out: 1 });
  const { rows } = await project.json<{ rows: readonly Record<string, unknown>[] }>(["quarantine", "show", "bronze.orders"]);
  expect(rows).toMatchObject([{ rule: "not_null:order_id", row_number: 2, source_file: join(project.folder, "data/orders-2.csv") }]);
});

test("a time that goes backwards: the version is put where it belongs, and the step says so", async () => {
  await send("3", "1,old,2026-01-01 00:00:00");
  const { notes } = await step("build gold.history");
  expect(notes).toContain("1 version is older than what was known of the key: put in the middle of its history");
  expect(
    await project.query(
      "select status, valid_from::date::varchar as since, is_current from gold.history where order_id = '1' order by valid_from",
    ),
  ).toEqual([
    { status: "old", since: "0001-01-01", is_current: false },
    { status: "new", since: "2026-01-05", is_current: true },
  ]);
});

describe("a `by` column of another type", () => {
  test("in the model alone: the contract does not hold", async () => {
    await project.write({ "models/silver/paid.ts": paid("bigint") });
    const { error } = await project.json<{ error: ErrorReport }>(["plan"]);
    expect(error).toMatchObject({
      code: "CONTRACT_MISMATCH",
      message: "silver.paid: column order_id is BIGINT in the contract, VARCHAR in the SQL",
      location: { file: "models/silver/paid.ts" },
    });
  });

  test("everywhere: built in full, and the plan says why", async () => {
    await project.write({ "sources/orders.ts": sources("bigint"), "models/silver/paid.ts": paid("bigint") });
    await project.remove("models/gold/history.ts");
    const plan = await project.json<{ steps: readonly { step: string; because: string; build: { mode: string } }[] }>(["plan"]);
    expect(plan.steps.find((item) => item.step === "build silver.paid")).toMatchObject({
      because: expect.stringContaining("changed"),
      build: { mode: "full" },
    });
    expect((await run()).status).toBe("succeeded");
    expect(await project.query("select typeof(order_id) as type, count(*) as rows from silver.paid group by all")).toEqual([
      { type: "BIGINT", rows: "2" },
    ]);
  });
});

test("a snapshot without the time of its rows: where, and how to write it", async () => {
  await project.write({ "models/gold/history.ts": history("snapshot({} as { at: string })") });
  const { error } = await project.json<{ error: ErrorReport }>(["check"]);
  expect(error).toMatchObject({
    code: "PROJECT_INVALID",
    message:
      'model gold.history: snapshot has no source time: write snapshot({ at: "updated_at" }), the column that says when a version came to hold',
    location: { file: "models/gold/history.ts" },
  });
});
