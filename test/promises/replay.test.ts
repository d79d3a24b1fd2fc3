import { readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { TestProject } from "../support/project.ts";
import { expectConserved, ordersCsv, ordersSource, quarantineProject, shownRows, succeed } from "../support/quarantine-project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

vi.setConfig({ testTimeout: 180_000 });
let project: TestProject;
afterEach(() => project?.remove());

const good = ["o1,ann,10,2026-01-01,first", "o2,bob,20,2026-01-01,"];
const bad = ["o3,ann,ten,2026-01-02,", "o4,,5,2026-01-03,", "o5,cat,7,2026-13-01,late"];

/** A run of two good rows and three bad ones. */
async function withBadRows(files: Parameters<typeof quarantineProject>[0] = {}): Promise<void> {
  project = await quarantineProject({ "data/orders.csv": ordersCsv(...good, ...bad), ...files });
  await succeed(project, ["run"]);
}

async function exported(file: string, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await project.assay(["quarantine", "export", "orders", "--out", file, ...args]);
  expect(code, stderr).toBe(0);
  return readFileSync(join(project.folder, file), "utf8");
}

const edit = (file: string, change: (text: string) => string): Promise<void> =>
  readFile(join(project.folder, file), "utf8").then((text) => writeFile(join(project.folder, file), change(text)));

const amounts = (): Promise<readonly unknown[]> => project.query("select order_id as id, amount from bronze.orders order by 1");
const total = async (): Promise<unknown> => (await project.query("select sum(amount)::varchar as total from gold.daily"))[0]?.total;

test("edited rows enter, downstream follows, and what still does not fit stays", async () => {
  await withBadRows();
  await expectConserved(project, 5);
  const text = await exported("fix.csv");
  expect(text.split("\n")[0]).toBe("_id,_reason,_rule,_message,_file,_row,order_id,customer,amount,ordered_on,note,_raw");
  expect(text).toContain(
    `type,type:amount,"amount: ""ten"" is not an INTEGER",${join(project.folder, "data/orders.csv")},4,o3,ann,ten,2026-01-02,,`,
  );
  await edit("fix.csv", (csv) =>
    csv.replace("ten,2026", "30,2026").replace("o4,,5", "o4,dan,5").replace("7,2026-13-01,late", '7,2026-02-30,"a ""later"" try'),
  );
  await edit("fix.csv", (csv) => csv.replace('later"" try', 'later"" try\nün"'));

  const run = await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  expect(run.pipeline).toBe("replay");
  expect(stepOf(run, "ingest bronze.orders")).toMatchObject({
    rows_in: 3,
    rows_out: 2,
    quarantined: 1,
    reason: "3 rows in quarantine to enter",
  });
  expect(stepsRun(run)).toEqual(["build gold.daily", "build silver.orders", "ingest bronze.orders"]);
  expect(await amounts()).toEqual([
    { id: "o1", amount: 10 },
    { id: "o2", amount: 20 },
    { id: "o3", amount: 30 },
    { id: "o4", amount: 5 },
  ]);
  expect(await total()).toBe("65");
  await expectConserved(project, 5);
  const [left] = await shownRows(project);
  expect(left).toMatchObject({ row_number: 6, rule: "type:ordered_on", state: "open", run_id: run.run_id, raw: bad[2] });
  expect(left?.message).toBe('ordered_on: "2026-02-30" is not a DATE');
  // What was written stands in the next export, what came in the raw text.
  expect(await exported("again.csv")).toContain('o5,cat,7,2026-02-30,"a ""later"" try\nün",\n');
  expect(await shownRows(project, "--state", "replayed")).toMatchObject([{ closed_run_id: run.run_id }, { closed_run_id: run.run_id }]);

  // Nothing is new for the next run, nor for one that reads everything again.
  expect(stepsRun(await succeed(project, ["run"]))).toEqual([]);
  await succeed(project, ["run", "--full-refresh"]);
  expect(await total()).toBe("65");
  await expectConserved(project, 5);
});

test("an attempt in which no row fits fails and changes nothing; a better one follows", async () => {
  await withBadRows();
  await exported("fix.csv", "--rule", "type:ordered_on");
  await edit("fix.csv", (csv) => csv.replace("7,2026-13-01", "7,2026-02-30"));
  const before = await shownRows(project);
  const { code, stdout } = await project.assay(["replay", "orders", "--from", "fix.csv", "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).steps[0]).toMatchObject({ rows_in: 1, rows_out: 0, quarantined: 1, error: { code: "TOO_MANY_REJECTED" } });
  expect(await shownRows(project)).toEqual(before);
  await expectConserved(project, 5);
  await edit("fix.csv", (csv) => csv.replace("7,2026-02-30", "7,2026-02-28"));
  await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  expect(await amounts()).toHaveLength(3);
  await expectConserved(project, 5);
});

describe("replayed rows", () => {
  async function replayed(files: Parameters<typeof quarantineProject>[0] = {}): Promise<void> {
    await withBadRows(files);
    await exported("fix.csv", "--rule", "type:amount");
    await edit("fix.csv", (csv) => csv.replace("ten,2026", "30,2026"));
    await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
    expect(await amounts()).toContainEqual({ id: "o3", amount: 30 });
  }

  test("stay when another file comes or the contract changes, and go with their own file when it is sent again changed", async () => {
    await replayed();
    await project.write({ "data/orders-2.csv": ordersCsv("o9,eve,1,2026-01-05,") });
    await succeed(project, ["run"]);
    expect(await amounts()).toHaveLength(4);
    await expectConserved(project, 6);

    const wider = ordersSource().replace("amount: t.integer()", "amount: t.bigint()");
    await project.write({ "sources/orders.ts": wider, "models/silver/orders.ts": "export {};", "models/gold/daily.ts": "export {};" });
    const run = await succeed(project, ["run"]);
    expect(stepOf(run, "ingest bronze.orders").removed_by).toEqual([{ rule: "replay", rows: 1 }]);
    expect(await project.query("select amount from bronze.orders where order_id = 'o3'")).toEqual([{ amount: "30" }]);
    await expectConserved(project, 6);

    await project.write({ "data/orders.csv": ordersCsv(...good, "o3,ann,33,2026-01-02,corrected at the source") });
    await succeed(project, ["run"]);
    expect(await project.query("select order_id, amount::integer as amount from bronze.orders order by 1")).toEqual([
      { order_id: "o1", amount: 10 },
      { order_id: "o2", amount: 20 },
      { order_id: "o3", amount: 33 },
      { order_id: "o9", amount: 1 },
    ]);
    expect(await shownRows(project)).toEqual([]);
    await expectConserved(project, 4);
  });

  test("keep their edit when the original would fit by now", async () => {
    await replayed();
    await project.write({
      "sources/orders.ts": ordersSource().replace("amount: t.integer()", "amount: t.varchar()"),
      "models/silver/orders.ts": "export {};",
      "models/gold/daily.ts": "export {};",
    });
    await succeed(project, ["run"]);
    expect(await project.query("select amount from bronze.orders where order_id = 'o3'")).toEqual([{ amount: "30" }]);
    await expectConserved(project, 5);
    await succeed(project, ["run", "--full-refresh"]);
    expect(await project.query("select amount from bronze.orders where order_id = 'o3'")).toEqual([{ amount: "30" }]);
    await expectConserved(project, 5);
  });

  test("come back when their batch is lost from the lake", async () => {
    await replayed();
    const [batch] = await project.query<{ files: string }>("select files from assay.files where replay_of is not null");
    await project.remove(`lake/${batch?.files}`.replace(/\/[^/]*$/, ""));
    await succeed(project, ["run"]);
    expect(await amounts()).toContainEqual({ id: "o3", amount: 30 });
    await expectConserved(project, 5);
  });

  test("a second replay of rows of the same file adds to the first", async () => {
    await replayed();
    await exported("more.csv");
    await edit("more.csv", (csv) => csv.replace("o4,,5", "o4,dan,5").replace("7,2026-13-01", "7,2026-03-01"));
    const run = await succeed(project, ["replay", "orders", "--from", "more.csv"]);
    expect(stepOf(run, "ingest bronze.orders")).toMatchObject({ rows_out: 3, quarantined: 0 });
    expect(await amounts()).toHaveLength(5);
    expect(await shownRows(project)).toEqual([]);
    await expectConserved(project, 5);
  });

  test("with a partitioned table lie in its folders", async () => {
    await replayed({ "sources/orders.ts": ordersSource('partitionBy: { day: "ordered_on" },') });
    await succeed(project, ["run", "--full-refresh"]);
    expect(await amounts()).toContainEqual({ id: "o3", amount: 30 });
    await expectConserved(project, 5);
  });
});

test("rows enter as they are once the rule was loosened", async () => {
  const limit = (max: number): string => ordersSource(`checks: [check.between("amount", { max: ${max} }, { severity: "quarantine" })],`);
  project = await quarantineProject({ "sources/orders.ts": limit(15) });
  const first = await succeed(project, ["run"]);
  expect(stepOf(first, "ingest bronze.orders").checks.filter((check) => check.severity === "quarantine")).toEqual([
    {
      check: "between",
      column: "amount",
      severity: "quarantine",
      status: "quarantined",
      failures: 2,
      message: "amount is outside … to 15: left out",
    },
  ]);
  expect(await shownRows(project)).toMatchObject([
    { rule: "between:amount", reason: "between", column: "amount", row_number: 3, raw: "o2,bob,20,2026-01-01," },
    { rule: "between:amount", row_number: 4, raw: 'o3,ann,30,2026-01-02,"a, b"' },
  ]);
  await expectConserved(project, 3);
  await project.write({ "sources/orders.ts": limit(25) });
  const run = await succeed(project, ["replay", "--rule", "between:amount"]);
  expect(stepsRun(run)).toContain("build gold.daily");
  expect(await amounts()).toHaveLength(2);
  expect(await shownRows(project)).toMatchObject([{ row_number: 4 }]);
  await expectConserved(project, 3);
});

test("orphans enter once their partner has come", async () => {
  const customers = `import { bronze, csv, t } from "assay";
export const customers = bronze("customers", { from: csv("data/customers.csv"), columns: { name: t.varchar() }, key: ["name"] });\n`;
  const source = ordersSource(
    'checks: [check.relationships("customer", { name: "bronze.customers" }, "name", { severity: "quarantine" })],',
  );
  project = await quarantineProject({
    "sources/customers.ts": customers,
    "sources/orders.ts": source,
    "data/customers.csv": "name\nann\n",
  });
  await succeed(project, ["run"]);
  expect(await shownRows(project)).toMatchObject([
    { rule: "relationships:customer", row_number: 3, message: "customer has no partner in bronze.customers.name" },
  ]);
  await expectConserved(project, 3);
  await project.write({ "data/customers.csv": "name\nann\nbob\n" });
  await succeed(project, ["run"]);
  await expectConserved(project, 3);
  const [orphan] = await shownRows(project);
  await succeed(project, ["replay", "--ids", orphan?.id ?? ""]);
  expect(await amounts()).toHaveLength(3);
  await expectConserved(project, 3);

  // A partner that goes away later takes no row with it: it is told.
  await project.write({ "data/customers.csv": "name\nann\n" });
  const later = await succeed(project, ["run"]);
  expect(stepOf(later, "ingest bronze.orders").checks).toContainEqual(
    expect.objectContaining({ check: "relationships", severity: "quarantine", status: "warned", failures: 1 }),
  );
  expect(await amounts()).toHaveLength(3);
});

test("a batch is replayed by its name", async () => {
  await withBadRows();
  await project.write({ "data/orders-2.csv": ordersCsv("o8,ann,eight,2026-01-02,", "o9,ann,9,2026-01-02,") });
  await succeed(project, ["run"]);
  const second = (await shownRows(project)).find((row) => row.source_file?.endsWith("orders-2.csv"));
  const { code, stdout } = await project.assay(["replay", "--batch", second?.batch_id ?? "", "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout).steps[0]).toMatchObject({ rows_in: 1, rows_out: 0, quarantined: 1, error: { code: "TOO_MANY_REJECTED" } });
  await expectConserved(project, 7);
});

test("with merge a replayed row takes the place of its record: what came later holds", async () => {
  const source = ordersSource('load: "merge",');
  project = await quarantineProject({ "sources/orders.ts": source, "data/orders.csv": ordersCsv(...good, ...bad) });
  await succeed(project, ["run"]);
  await project.write({ "data/orders-2.csv": ordersCsv("o3,ann,99,2026-02-01,newer") });
  await succeed(project, ["run"]);
  await exported("fix.csv");
  await edit("fix.csv", (csv) => csv.replace("ten,2026", "30,2026").replace("o4,,5", "o4,dan,5"));
  await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  expect(await project.query("select order_id as id, amount from bronze.orders where order_id > 'o2' order by 1")).toEqual([
    { id: "o3", amount: 99 },
    { id: "o4", amount: 5 },
  ]);
  expect(await total()).toBe("134");
  await succeed(project, ["run", "--full-refresh"]);
  expect(await total()).toBe("134");
});

describe("with merge, what is sent again as it was before it changed", () => {
  const was = ordersCsv(...good, "o3,ann,ten,2026-01-02,");
  const changed = ordersCsv("o2,bob,21,2026-01-01,", "o3,ann,99,2026-01-02,");
  const replay = async (): Promise<void> => {
    await exported("fix.csv");
    await edit("fix.csv", (csv) => csv.replace("ten,2026", "30,2026"));
    await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  };
  const sent = async (text: string): Promise<void> => {
    await project.write({ "data/orders.csv": text });
    await succeed(project, ["run"]);
  };
  const asItWas = [
    { id: "o1", amount: 10 },
    { id: "o2", amount: 20 },
    { id: "o3", amount: 30 },
  ];

  test("counts once: its refused row is replayed once, and holds", async () => {
    project = await quarantineProject({ "sources/orders.ts": ordersSource('load: "merge",'), "data/orders.csv": was });
    await succeed(project, ["run"]);
    await sent(changed);
    await sent(was);
    expect(await shownRows(project)).toMatchObject([{ state: "open", row_number: 4 }]);
    expect(await project.query("select sequence, quarantined from assay.files order by 1")).toEqual([
      { sequence: "2", quarantined: "0" },
      { sequence: "3", quarantined: "1" },
    ]);
    await replay();
    expect(await amounts()).toEqual(asItWas);
    await expectConserved(project, 3);
    await succeed(project, ["run", "--full-refresh"]);
    expect(await amounts()).toEqual(asItWas);
  });

  test("comes with what was replayed of it", async () => {
    project = await quarantineProject({ "sources/orders.ts": ordersSource('load: "merge",'), "data/orders.csv": was });
    await succeed(project, ["run"]);
    await replay();
    await sent(changed);
    expect(await amounts()).toMatchObject([{ amount: 10 }, { amount: 21 }, { amount: 99 }]);
    await sent(was);
    expect(await amounts()).toEqual(asItWas);
    expect(await total()).toBe("60");
    await expectConserved(project, 3);
  });
});

test("with merge a row that is mended to what its file has already is one row", async () => {
  project = await quarantineProject({
    "sources/orders.ts": ordersSource('load: "merge",'),
    "data/orders.csv": ordersCsv("o1,ann,10,2026-01-01,first", "o1,ann,ten,2026-01-01,first"),
  });
  await succeed(project, ["run"]);
  await exported("fix.csv");
  await edit("fix.csv", (csv) => csv.replace("ten,2026", "10,2026"));
  const run = await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  expect(stepOf(run, "ingest bronze.orders")).toMatchObject({ rows_in: 1, rows_out: 0, removed: 1 });
  expect(await amounts()).toEqual([{ id: "o1", amount: 10 }]);
  expect(await shownRows(project)).toEqual([]);
});

test("a source that evolves: rules over columns a file lacks, and values beyond the contract that come with a replayed row", async () => {
  const source = ordersSource(
    'schema: "evolve", checks: [check.expression("noted", "note is not null or amount < 100", { severity: "quarantine" })],',
  );
  const header = "order_id,customer,amount,ordered_on,city";
  project = await quarantineProject({
    "sources/orders.ts": source,
    "data/orders.csv": [header, "o1,ann,10,2026-01-01,Rome", "o2,ann,500,2026-01-01,Oslo", "o3,ann,x,2026-01-01,Bern", ""].join("\n"),
  });
  await succeed(project, ["run"]);
  expect((await shownRows(project)).map((row) => row.rule)).toEqual(["expression:noted", "type:amount"]);
  await expectConserved(project, 3);
  await exported("fix.csv");
  await edit("fix.csv", (csv) => csv.replace(",x,2026", ",7,2026").replace("500,2026-01-01,", "500,2026-01-01,dear"));
  await succeed(project, ["replay", "orders", "--from", "fix.csv"]);
  const [evolved] = await project.query<{ name: string }>(
    "select table_schema || '.\"' || table_name || '\"' as name from information_schema.columns where column_name = 'city'",
  );
  expect(await project.query(`select order_id, amount, note, city from ${evolved?.name} order by 1`)).toEqual([
    { order_id: "o1", amount: 10, note: null, city: "Rome" },
    { order_id: "o2", amount: 500, note: "dear", city: "Oslo" },
    { order_id: "o3", amount: 7, note: null, city: "Bern" },
  ]);
  await expectConserved(project, 3);
  await succeed(project, ["run", "--full-refresh"]);
  expect(await project.query(`select city from ${evolved?.name} order by order_id`)).toEqual([
    { city: "Rome" },
    { city: "Oslo" },
    { city: "Bern" },
  ]);
});
