import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import type { RunResult, StepResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { expectConserved, ordersCsv, ordersSource, quarantineProject, shownRows, succeed } from "../support/quarantine-project.ts";

vi.setConfig({ testTimeout: 180_000 });
let project: TestProject;
afterEach(() => project?.remove());

const order = (id: number): string => `o${id},ann,${id},2026-01-0${(id % 9) + 1},`;
const orders = (from: number, to: number): readonly string[] => Array.from({ length: to - from + 1 }, (_, index) => order(from + index));
const source = ordersSource("chunks: { rows: 4 },");
const loads = (run: RunResult): readonly StepResult[] => run.steps.filter((step) => step.kind === "load");

test("quarantine and replay work as for files of one piece", async () => {
  const bad = ["o98,ann,ten,2026-01-02,", "o99,,5,2026-01-03,"];
  project = await quarantineProject({
    "sources/orders.ts": source,
    "data/orders.csv": ordersCsv(...orders(1, 5), ...bad, ...orders(6, 10)),
  });
  const first = await succeed(project, ["run"]);
  expect(loads(first).map(({ rows_out }) => rows_out)).toEqual([4, 4, 2]);
  await expectConserved(project, 12);
  expect((await shownRows(project)).map(({ state, row_number }) => [state, Number(row_number)])).toEqual([
    ["open", 7],
    ["open", 8],
  ]);
  const { code, stderr } = await project.assay(["quarantine", "export", "orders", "--out", "fix.csv"]);
  expect(code, stderr).toBe(0);
  const file = join(project.folder, "fix.csv");
  await writeFile(file, (await readFile(file, "utf8")).replace(/,ten,/, ",10,"));
  await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  await expectConserved(project, 12);
  expect(await project.query("select amount from bronze.orders where order_id = 'o98'")).toEqual([{ amount: 10 }]);
  // The file is read again without the record that was replayed.
  await succeed(project, ["run", "--full-refresh"]);
  await expectConserved(project, 12);
  expect(await project.query("select amount from bronze.orders where order_id = 'o98'")).toEqual([{ amount: 10 }]);
});

test("what a failed replay has extracted is not published by a run", async () => {
  const small = 'check.sql("small", "select * from {table} where amount > 50")';
  project = await quarantineProject({
    "sources/orders.ts": source,
    "data/orders.csv": ordersCsv(...orders(1, 5), "o98,ann,ten,2026-01-02,"),
  });
  await succeed(project, ["run"]);
  expect((await project.assay(["quarantine", "export", "orders", "--out", "fix.csv"])).code).toBe(0);
  const file = join(project.folder, "fix.csv");
  await writeFile(file, (await readFile(file, "utf8")).replace(/,ten,/, ",100,"));
  // What is defined otherwise than it was published is looked at again for a replay.
  await project.write({
    "sources/orders.ts": ordersSource(`chunks: { rows: 4 }, checks: [${small}],`),
    "data/orders_2.csv": ordersCsv(...orders(6, 8)),
  });
  const { code, stdout } = await project.assay(["replay", "orders", "--from", "fix.csv", "--json"]);
  expect(code).toBe(1);
  expect((JSON.parse(stdout) as RunResult).steps.map(({ step, status }) => `${step} ${status}`)).toContain("ingest bronze.orders failed");
  const run = await succeed(project, ["run"]);
  expect(loads(run).map(({ rows_out }) => rows_out)).toEqual([3]);
  await expectConserved(project, 9);
  expect(await shownRows(project)).toMatchObject([{ state: "open", row_number: 7 }]);
});

test("a file that goes away leaves no chunks to load; what is shown is one line", async () => {
  project = await quarantineProject({
    "sources/orders.ts": source,
    "data/orders.csv": ordersCsv(...orders(1, 9)),
    "data/orders_2.csv": ordersCsv(...orders(10, 12)),
  });
  const { stdout: plan } = await project.assay(["plan"]);
  expect(plan).toContain("bronze.orders (extract)");
  const { stdout } = await project.assay(["run"]);
  expect(stdout).toMatch(/bronze\.orders \[4 chunks\]\s+12 /);
  expect(stdout).not.toContain("[1/4]");
  await project.write({ "data/orders_2.csv": ordersCsv() });
  const second = await succeed(project, ["run"]);
  expect(loads(second)).toEqual([]);
  expect(await project.query("select count(*)::integer as n from bronze.orders")).toEqual([{ n: 9 }]);
  expect(second.steps.find((step) => step.step === "ingest bronze.orders")?.status).toBe("succeeded");
});

test("a file of which nothing fits fails when it is read; chunks and partitions exclude each other", async () => {
  project = await quarantineProject({ "sources/orders.ts": source, "data/orders.csv": ordersCsv("o1,ann,ten,2026-01-02,") });
  const { code, stdout } = await project.assay(["run", "--json"]);
  expect(code).toBe(1);
  const [extract, ingest] = (JSON.parse(stdout) as RunResult).steps;
  expect(extract).toMatchObject({ step: "extract bronze.orders", status: "failed", error: { code: "TOO_MANY_REJECTED" } });
  expect(ingest).toMatchObject({ status: "skipped", reason: "extract bronze.orders did not succeed" });
  await project.write({ "sources/orders.ts": ordersSource('chunks: { rows: 4 }, partitionBy: { day: "ordered_on" },') });
  const refused = await project.assay(["check"]);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr + refused.stdout).toContain("chunks does not go with partitionBy");
  await project.write({ "sources/orders.ts": ordersSource("chunks: { rows: 0, atOnce: 3 } as never,") });
  expect((await project.assay(["check"])).stderr).toContain("chunks is not { rows, concurrency }");
});
