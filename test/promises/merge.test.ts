import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

let project: TestProject;

const orders = (columns: string): string => `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("data/orders-*.csv"),
  columns: { order_id: t.varchar(), status: t.varchar(), total: t.decimal(10, 2, { nullable: true })${columns} },
  key: ["order_id"],
  load: "merge",
  deleted: "status = 'deleted'",
});
`;

beforeAll(async () => {
  project = await makeProject({
    "assay.config.ts": 'import { defineProject } from "assay";\nexport default defineProject({ name: "merge" });\n',
    "sources/orders.ts": orders(""),
    "models/gold/totals.sql": "/*\ngrain: [status]\n*/\nselect status, sum(total) as total from bronze.orders group by status\n",
  });
});
afterAll(() => project.remove());
beforeEach(async () => {
  for (const name of ["warehouse.duckdb", "lake", "data"]) await project.remove(name);
  await project.write({ "sources/orders.ts": orders("") });
});

const send = (name: string, ...rows: readonly string[]): Promise<void> =>
  project.write({ [`data/orders-${name}.csv`]: `order_id,status,total\n${rows.map((row) => `${row}\n`).join("")}` });
const run = (...args: readonly string[]): Promise<RunResult> => project.json<RunResult>(["run", ...args]);
const table = async (): Promise<readonly string[]> =>
  (await project.query("select * from bronze.orders order by order_id")).map((row) => Object.values(row).join(" "));

test("the last row of a key holds, whichever file it came in", async () => {
  await send("1", "a,new,1.00", "b,new,2.00");
  await run();
  expect(await table()).toEqual(["a new 1.00", "b new 2.00"]);
  await send("2", "b,paid,2.50", "c,new,3.00");
  const second = await run();
  expect(stepOf(second, "ingest bronze.orders")).toMatchObject({
    changes: { inserted: 1, updated: 1, deleted: 0 },
    rows_in: 2,
    rows_out: 2,
  });
  expect(await table()).toEqual(["a new 1.00", "b paid 2.50", "c new 3.00"]);
  // A file that is gone has left its rows; one that comes again changed is merged again.
  await project.remove("data/orders-1.csv");
  await send("2", "b,paid,2.75");
  await run();
  expect(await table()).toEqual(["a new 1.00", "b paid 2.75", "c new 3.00"]);
  await send("3", "a,deleted,", "c,deleted,");
  expect(stepOf(await run(), "ingest bronze.orders").changes).toEqual({ inserted: 0, updated: 0, deleted: 2 });
  expect(await table()).toEqual(["b paid 2.75"]);
  await send("4", "c,new,9.00");
  await run();
  expect(await table()).toEqual(["b paid 2.75", "c new 9.00"]);
});

test("rows sent again unchanged are no change", async () => {
  await send("1", "a,new,1.00", "b,new,2.00");
  await run();
  await send("2", "b,new,2.00", "b,new,2.00", "a,new,1.0");
  const again = await run();
  expect(stepsRun(again)).toEqual(["ingest bronze.orders"]);
  expect(stepOf(again, "ingest bronze.orders")).toMatchObject({
    rows_in: 3,
    rows_out: 2,
    removed: 1,
    removed_by: [{ rule: "the same row twice in a file", rows: 1 }],
  });
  expect(stepsRun(await run())).toEqual([]);
});

test("a key with two different rows in one file", async () => {
  await send("1", "a,new,1.00");
  await run();
  await send("2", "b,new,1.00", "b,paid,2.00");
  const step = stepOf(await run(), "ingest bronze.orders");
  expect(step.error?.message).toMatch(/^bronze\.orders: .*orders-2\.csv gives 2 different rows for the key order_id = b$/);
  expect(await table()).toEqual(["a new 1.00"]);
});

test("a row without a key", async () => {
  await send("1", "a,new,1.00", ",new,2.00");
  const step = stepOf(await run(), "ingest bronze.orders");
  expect(step).toMatchObject({ status: "succeeded", rows_in: 2, rows_out: 1, quarantined: 1 });
  expect(await table()).toEqual(["a new 1.00"]);
});

test("another contract reads all files again, in their order", async () => {
  await send("1", "a,new,1.00", "b,new,2.00");
  await run();
  await send("2", "a,paid,1.50");
  await run();
  await project.write({ "sources/orders.ts": orders(", total_text: t.varchar({ nullable: true })").replace("total_text", "note") });
  await project.write({ "data/orders-1.csv": "order_id,status,total,note\na,new,1.00,x\nb,new,2.00,y\n" });
  await project.write({ "data/orders-2.csv": "order_id,status,total,note\na,paid,1.50,z\n" });
  expect((await run()).status).toBe("succeeded");
  expect(await table()).toEqual(["a paid 1.50 z", "b new 2.00 y"]);
});

test("a full refresh merges all files again, in the order they came", async () => {
  await send("1", "a,new,1.00");
  await run();
  await send("2", "a,paid,2.00");
  await run();
  await send("1", "a,new,3.00");
  await run();
  await send("2", "a,paid,2.00", "b,new,1.00");
  await run();
  await send("1", "a,back,4.00");
  await run();
  expect((await run("--full-refresh")).status).toBe("succeeded");
  expect(await table()).toEqual(["a back 4.00", "b new 1.00"]);
});

test("a file sent again as it was before it changed holds, and is not read once more", async () => {
  await send("1", "a,new,1.00");
  await run();
  await send("1", "a,paid,2.00");
  await run();
  await send("1", "a,new,1.00");
  expect(stepOf(await run(), "ingest bronze.orders").changes).toEqual({ inserted: 0, updated: 1, deleted: 0 });
  expect(await table()).toEqual(["a new 1.00"]);
  expect(stepsRun(await run())).toEqual([]);
  expect((await run("--full-refresh")).status).toBe("succeeded");
  expect(await table()).toEqual(["a new 1.00"]);
});
