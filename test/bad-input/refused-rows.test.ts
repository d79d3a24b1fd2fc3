import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { QuarantinedRow } from "../../src/ports/quarantine.ts";
import type { TestProject } from "../support/project.ts";
import { asPublished, changed, failedRun, goodRun, makeShop, ordersCsv, publishedShop, standing } from "./shop.ts";

let project: TestProject | undefined;
afterEach(() => project?.remove());

interface Quarantine {
  readonly total: number;
  readonly rows: readonly QuarantinedRow[];
}

const withRows = (rows: string) => ({ "data/orders.csv": `${ordersCsv}${rows}` });
const refusing = (limit: number) => changed("sources/orders.ts", "key:", `maxRejected: ${limit},\n  key:`);

test("values that do not parse or are absent go to quarantine with file, row, reason and text; the run goes on", async () => {
  const rows = "o4,ann,ten,2026-01-01,\no5,ann,1,2026-13-01,\no6,,1,2026-01-01,\no7,ann,,2026-01-01,\no8,ann,40,2026-01-02,\n";
  project = await makeShop(withRows(rows));
  const run = await goodRun(project);
  expect(run.steps[0]).toMatchObject({ step: "ingest bronze.orders", rows_in: 8, rows_out: 4, quarantined: 4 });
  const { total, rows: found } = await project.json<Quarantine>(["quarantine", "show", "orders"]);
  expect(total).toBe(4);
  const file = join(project.folder, "data/orders.csv");
  expect(
    found
      .map(({ id: _id, run_id: _run, batch_id: _batch, quarantined_at: _at, ...row }) => row)
      .sort((a, b) => Number(a.row_number) - Number(b.row_number)),
  ).toEqual(
    [
      { row_number: 5, column: "amount", reason: "type", message: 'amount: "ten" is not an INTEGER', raw: "o4,ann,ten,2026-01-01," },
      {
        row_number: 6,
        column: "ordered_on",
        reason: "type",
        message: 'ordered_on: "2026-13-01" is not a DATE',
        raw: "o5,ann,1,2026-13-01,",
      },
      {
        row_number: 7,
        column: "customer",
        reason: "not_null",
        message: "customer: no value, but the contract says not null",
        raw: "o6,,1,2026-01-01,",
      },
      {
        row_number: 8,
        column: "amount",
        reason: "not_null",
        message: "amount: no value, but the contract says not null",
        raw: "o7,ann,,2026-01-01,",
      },
    ].map((row) => ({
      table: "bronze.orders",
      source_file: file,
      state: "open",
      rule: `${row.reason}:${row.column}`,
      key: null,
      closed_run_id: null,
      ...row,
    })),
  );
  const people = await project.assay(["quarantine", "show"]);
  expect(people.stdout).toContain(`${file} row 5`);
  expect(people.stdout).toContain("o4,ann,ten,2026-01-01,");
  expect((await project.assay(["runs", "show"])).stdout).toContain("4 quarantined");
  expect(await standing(project)).toEqual([{ bronze: "100", silver: "100", gold: "100" }]);
});

test("values that would be rounded or cut go to quarantine with what would be lost; zeros at the end lose nothing", async () => {
  const rows = [
    "o4,ann,1.5,2026-01-01,",
    "o5,ann,5.00,2026-01-02 00:00:00,",
    "o6,ann",
    "o7,ann,1,2026-01-01T10:30:00Z,",
    "o8,ann,1.00000000000000000000001,2026-01-01 10:30,",
    "o9,,1,2026-01-01,",
    "o10,ann,1e1,2026-01-02,",
  ];
  project = await makeShop(withRows(`${rows.join("\n")}\n`));
  const run = await goodRun(project);
  expect(run.steps[0]).toMatchObject({ step: "ingest bronze.orders", rows_in: 10, rows_out: 5, quarantined: 5 });
  const { rows: found } = await project.json<Quarantine>(["quarantine", "show", "orders"]);
  const told = found.map(({ row_number, reason, column, message, raw }) => [row_number, reason, column, message, raw]);
  expect(told.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual([
    [5, "type", "amount", 'amount: "1.5" would become 2 as an INTEGER', rows[0]],
    [7, "too_few_columns", null, "2 values where the header has 5 columns", rows[2]],
    [8, "type", "ordered_on", 'ordered_on: "2026-01-01T10:30:00Z" would become 2026-01-01 as a DATE', rows[3]],
    [
      9,
      "type",
      "amount",
      'amount: "1.00000000000000000000001" would become 1 as an INTEGER; ordered_on: "2026-01-01 10:30" would become 2026-01-01 as a DATE',
      rows[4],
    ],
    [10, "not_null", "customer", "customer: no value, but the contract says not null", rows[5]],
  ]);
  expect(await standing(project)).toEqual([{ bronze: "75", silver: "75", gold: "75" }]);
});

test("a refused row leaves no file in the folder of its partition", async () => {
  const partitioned = changed("sources/orders.ts", "  key:", '  partitionBy: { day: "ordered_on" },\n  key:');
  project = await makeShop({ ...partitioned, ...withRows("o4,,1,2026-02-01,\no5,ann,,2026-02-03,\n") });
  const run = await goodRun(project);
  expect(run.steps[0]).toMatchObject({ rows_in: 5, rows_out: 3, quarantined: 2 });
  expect(await standing(project)).toEqual(asPublished);
  const files = await readdir(join(project.folder, "lake"), { recursive: true });
  const days = files.filter((path) => path.endsWith(".parquet")).map((path) => /day=([^/]*)/.exec(path)?.[1]);
  expect(days.sort()).toEqual(["2026-01-01", "2026-01-02"]);
});

test("bytes that are no UTF-8", async () => {
  project = await makeShop({ "data/orders.csv": Buffer.from(ordersCsv.replace("bob", "b\u00f6b"), "latin1") });
  expect((await goodRun(project)).steps[0]).toMatchObject({ rows_in: 3, rows_out: 2, quarantined: 1 });
  const { rows } = await project.json<Quarantine>(["quarantine", "show"]);
  expect(rows).toMatchObject([{ row_number: 3, reason: "encoding", message: "the row is not valid UTF-8" }]);
  expect(rows[0]?.raw).toMatch(/^o2,b/);
});

test("a row with too few values", async () => {
  project = await makeShop(withRows("o4,ann,1\n"));
  await goodRun(project);
  const { rows } = await project.json<Quarantine>(["quarantine", "show"]);
  expect(rows).toMatchObject([
    { row_number: 5, reason: "too_few_columns", message: "3 values where the header has 5 columns", raw: "o4,ann,1" },
  ]);
});

test("more refused rows than maxRejected fail the step", async () => {
  project = await publishedShop();
  await project.write({ ...refusing(1), ...withRows("o4,ann,ten,2026-01-01,\no5,ann,1,2026-13-01,\n") });
  const { failed, error } = await failedRun(project);
  const file = join(project.folder, "data/orders.csv");
  expect(error).toEqual({
    code: "TOO_MANY_REJECTED",
    message: `bronze.orders: 2 rows refused at the door, maxRejected is 1; first: ${file} row 5: amount: "ten" is not an INTEGER`,
    hint: "correct the file or the contract, or raise maxRejected; what was published before stands",
    location: { file: "sources/orders.ts", line: 3 },
  });
  expect(failed).toMatchObject({ rows_in: 5, rows_out: 3, quarantined: 2 });
  expect(await standing(project)).toEqual(asPublished);

  await project.write(refusing(2));
  expect((await goodRun(project)).steps[0]).toMatchObject({ quarantined: 2 });
});

test("nothing but refused rows fails the step, whatever maxRejected says", async () => {
  project = await publishedShop();
  const header = ordersCsv.split("\n")[0];
  await project.write({ ...refusing(100), "data/orders.csv": `${header}\no1,ann,x,2026-01-01,\no2,ann,y,2026-01-01,\n` });
  const { error } = await failedRun(project);
  expect(error.code).toBe("TOO_MANY_REJECTED");
  expect(error.message).toMatch(
    /^bronze\.orders: every row refused at the door; first: .*orders\.csv row 2: amount: "x" is not an INTEGER$/,
  );
  expect(await standing(project)).toEqual(asPublished);
});

test("a cell of one megabyte passes unchanged", async () => {
  project = await makeShop(withRows(`o4,ann,1,2026-01-01,${"x".repeat(1_000_000)}\n`));
  expect((await goodRun(project)).steps[0]).toMatchObject({ rows_out: 4, quarantined: 0 });
  expect(await project.query("select length(note)::integer as size from bronze.orders where order_id = 'o4'")).toEqual([
    { size: 1_000_000 },
  ]);
});

test("a key that comes twice", async () => {
  project = await publishedShop();
  await project.write(withRows("o1,bob,5,2026-01-03,\n"));
  const { failed, error } = await failedRun(project);
  expect(error).toMatchObject({
    code: "CHECK_FAILED",
    message: "bronze.orders: check grain (order_id) failed: 1 key appears more than once, e.g. order_id = o1 2 times",
    location: { file: "sources/orders.ts", line: 3 },
  });
  expect(error.hint).toMatch(/rows with the same key: correct the files/);
  expect(failed.checks.filter((check) => check.status === "failed")).toMatchObject([{ check: "grain", column: "order_id", failures: 1 }]);
  expect(await standing(project)).toEqual(asPublished);
});
