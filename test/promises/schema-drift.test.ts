import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { makeProject, type TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";

// Each test is a row of runs; on a busy machine they take their time.
vi.setConfig({ testTimeout: 120_000 });

let project: TestProject;
beforeEach(async () => {
  project = await makeProject({
    "assay.config.ts": `import { defineProject } from "assay";\nexport default defineProject({ name: "shop" });\n`,
    "models/gold/total.sql":
      "/*\ngrain: []\n*/\nselect count(*) as n, count(distinct id) as ids from (select distinct * from bronze.orders)\n",
  });
});
afterEach(() => project.remove());

/** Declares bronze.orders with a schema mode; `columns` and `more` are code. */
function declare(
  schema: string | null,
  source = 'csv("data/orders-*.csv")',
  columns = "id: t.integer(), note: t.varchar({ nullable: true })",
  more = "",
): Promise<void> {
  const mode = schema === null ? "" : `schema: "${schema}",`;
  return project.write({
    "sources/orders.ts": `import { bronze, csv, json, parquet, t } from "assay";
export const orders = bronze("orders", { from: ${source}, ${mode} columns: { ${columns} }, ${more} });
`,
  });
}

async function ingest(): Promise<RunResult["steps"][number]> {
  const run = await project.json<RunResult>(["run"]);
  expect(run, JSON.stringify(run)).toHaveProperty("steps");
  return stepOf(run, "ingest bronze.orders");
}

const evolved = (): Promise<readonly unknown[]> => project.query("select * from bronze.orders__evolved order by id");
const changes = (): Promise<readonly unknown[]> =>
  project.query("select column_name, type, parse_filename(first_file) as file from assay.schema_changes order by recorded_at, position");

describe("freeze", () => {
  test.each(["freeze", null])("is how CSV is read (%j): another column fails the step and is named with its file", async (mode) => {
    await declare(mode);
    await project.write({ "data/orders-1.csv": "id,note\n1,a\n" });
    expect((await ingest()).status).toBe("succeeded");
    await project.write({ "data/orders-2.csv": "id,note,discount\n2,b,5\n" });
    const { status, error } = await ingest();
    expect(status).toBe("failed");
    expect(error).toMatchObject({ code: "SOURCE_HEADER", location: { file: "sources/orders.ts", line: 2 } });
    expect(error?.message).toMatch(/orders-2\.csv: the header has column discount that the contract does not/);
    expect(await project.query("from bronze.orders")).toEqual([{ id: 1, note: "a" }]);
  });

  test("names the fields of JSON, which are left out by default", async () => {
    await declare(null, 'json("data/orders-*.json")');
    await project.write({ "data/orders-1.json": '{"id": 1, "discount": 5}\n' });
    expect((await ingest()).notes).toEqual(["fields that the contract does not have are left out: discount"]);
    await declare("freeze", 'json("data/orders-*.json")');
    expect((await ingest()).error?.message).toMatch(/orders-1\.json: the file has column discount that the contract does not/);
  });

  test("names a changed type in Parquet with both types, and another column", async () => {
    await declare(null, 'parquet("data/orders-*.parquet")');
    await writeParquet("data/orders-1.parquet", "select 1.5::double as id, 'a' as note");
    expect((await ingest()).error?.message).toMatch(/orders-1\.parquet: column id is DOUBLE, the contract says INTEGER/);
    await writeParquet("data/orders-1.parquet", "select 1 as id, 'a' as note, 5 as discount");
    expect((await ingest()).error?.message).toMatch(/orders-1\.parquet: the file has column discount that the contract does not/);
  });
});

async function writeParquet(path: string, select: string): Promise<void> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  await project.write({ [path]: "" });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run(`copy (${select}) to '${project.folder}/${path}' (format parquet)`);
  connection.closeSync();
  instance.closeSync();
}

describe("discard", () => {
  test("leaves other columns out, with a note, wherever they stand; a row that does not fit is still refused", async () => {
    await declare("discard");
    await project.write({ "data/orders-1.csv": 'discount,id,note,"we""ird"\n5,1,a,x\n6,two,b,y\n7,3,c\n' });
    const step = await ingest();
    expect(step).toMatchObject({
      status: "succeeded",
      rows_in: 3,
      rows_out: 1,
      quarantined: 2,
      notes: ['orders-1.csv: columns that the contract does not have are left out: discount, we"ird'],
    });
    expect(await project.query("from bronze.orders")).toEqual([{ id: 1, note: "a" }]);
    expect(await project.query("select row_number, reason, raw from assay.quarantine order by row_number")).toEqual([
      { row_number: "3", reason: "type", raw: "6,two,b,y" },
      { row_number: "4", reason: "too_few_columns", raw: "7,3,c" },
    ]);
  });

  test("leaves out what no column can hold in Parquet", async () => {
    await declare("discard", 'parquet("data/orders-*.parquet")');
    await writeParquet("data/orders-1.parquet", "select 1 as id, 'a' as note, 'x'::blob as picture, 1 as _raw");
    expect(await ingest()).toMatchObject({ status: "succeeded", rows_out: 1 });
    expect(await project.query("from bronze.orders")).toEqual([{ id: 1, note: "a" }]);
  });

  test("does not take a missing column for null", async () => {
    await declare("discard");
    await project.write({ "data/orders-1.csv": "id,discount\n1,5\n" });
    expect((await ingest()).error?.message).toMatch(/lacks column note and has column discount/);
  });
});

describe("evolve", () => {
  test("keeps a new column with its type, on record, beside a table that stays its contract", async () => {
    await declare("evolve");
    await project.write({ "data/orders-1.csv": "id,note\n1,a\n" });
    expect((await ingest()).notes).toEqual([]);
    await project.write({ "data/orders-2.csv": "id,discount,note,zip,at\n2,5,b,007,2026-01-01 10:00:00\n3,,c,,\n" });
    const step = await ingest();
    expect(step).toMatchObject({ status: "succeeded", rows_out: 2 });
    expect(step.notes).toEqual([
      "orders-2.csv: new column discount (BIGINT): shown in bronze.orders__evolved; declare it to use it in models",
      "orders-2.csv: new column zip (VARCHAR): shown in bronze.orders__evolved; declare it to use it in models",
      "orders-2.csv: new column at (TIMESTAMP): shown in bronze.orders__evolved; declare it to use it in models",
    ]);
    expect(await project.query("from bronze.orders order by id")).toEqual([
      { id: 1, note: "a" },
      { id: 2, note: "b" },
      { id: 3, note: "c" },
    ]);
    expect(await evolved()).toEqual([
      { id: 1, note: "a", discount: null, zip: null, at: null },
      { id: 2, note: "b", discount: "5", zip: "007", at: "2026-01-01 10:00:00" },
      { id: 3, note: "c", discount: null, zip: null, at: null },
    ]);
    expect(await changes()).toEqual([
      { column_name: "discount", type: "BIGINT", file: "orders-2.csv" },
      { column_name: "zip", type: "VARCHAR", file: "orders-2.csv" },
      { column_name: "at", type: "TIMESTAMP", file: "orders-2.csv" },
    ]);
    // A model that selects everything sees what its types say, now and later.
    expect(await project.query("from gold.total")).toEqual([{ n: "3", ids: "3" }]);
    const checked = await project.json<{ evolved: readonly unknown[] }>(["check"]);
    expect(checked.evolved).toMatchObject([{ table: "bronze.orders", columns: [{ name: "discount" }, { name: "zip" }, { name: "at" }] }]);
    expect((await project.assay(["check"])).stdout).toContain(
      "▲ bronze.orders: evolved columns not in the contract: discount BIGINT (since orders-2.csv), zip VARCHAR",
    );
  });

  test("keeps the column when its files went away, and tells of it once", async () => {
    await declare("evolve");
    await project.write({ "data/orders-1.csv": "id,note,Discount\n1,a,5\n" });
    expect((await ingest()).notes).toHaveLength(1);
    await project.write({ "data/orders-2.csv": "id,note,discount\n2,b,6\n" });
    expect((await ingest()).notes).toEqual([]);
    expect(await evolved()).toEqual([
      { id: 1, note: "a", Discount: "5" },
      { id: 2, note: "b", Discount: "6" },
    ]);
    await project.remove("data/orders-1.csv");
    await project.write({ "data/orders-2.csv": "id,note\n2,b\n" });
    expect((await ingest()).status).toBe("succeeded");
    expect(await evolved()).toEqual([{ id: 2, note: "b", Discount: null }]);
    await project.write({ "data/orders-2.csv": "id,note\n" });
    expect((await ingest()).status).toBe("succeeded");
    expect(await evolved()).toEqual([]);
    expect(await changes()).toHaveLength(1);
  });

  test("makes a column text when later values are, and loses none of them", async () => {
    await declare("evolve");
    await project.write({ "data/orders-1.csv": "id,note,code\n1,a,5\n" });
    await ingest();
    await project.write({ "data/orders-2.csv": "id,note,code\n2,b,x5\n" });
    expect((await ingest()).notes).toEqual(["orders-2.csv: column code was BIGINT, this file's values are not: VARCHAR from now on"]);
    await project.write({ "data/orders-3.csv": "id,note,code\n3,c,7\n" });
    expect(await ingest()).toMatchObject({ quarantined: 0, notes: [] });
    expect(await evolved()).toEqual([
      { id: 1, note: "a", code: "5" },
      { id: 2, note: "b", code: "x5" },
      { id: 3, note: "c", code: "7" },
    ]);
    expect(await changes()).toMatchObject([{ type: "BIGINT" }, { type: "VARCHAR" }]);
  });

  test("takes a nullable column that is gone for null, with a note, and fails for one that is not", async () => {
    await declare("evolve");
    await project.write({ "data/orders-1.csv": "id\n1\n" });
    expect(await ingest()).toMatchObject({ status: "succeeded", notes: ["orders-1.csv lacks note: null in its rows"] });
    expect(await project.query("from bronze.orders")).toEqual([{ id: 1, note: null }]);
    await project.write({ "data/orders-2.csv": "note,ID2\nb,2\n" });
    expect((await ingest()).error?.message).toMatch(/orders-2\.csv: the header lacks column id \(did you mean ID2\?\)/);
    await declare("evolve", undefined, "id: t.integer({ nullable: true }), note: t.varchar({ nullable: true })");
    await project.write({ "data/orders-2.csv": "a,b\n1,2\n" });
    expect((await ingest()).error?.message).toMatch(/orders-2\.csv: the header lacks columns id .*, note/);
    await project.write({ "data/orders-2.csv": "id;note\n1;2\n" });
    expect((await ingest()).error?.message).toMatch(/separated by ";"/);
  });

  test("declared, a column is the contract's; taken back to freeze, its files are refused", async () => {
    await declare("evolve");
    await project.write({ "data/orders-1.csv": "id,note,discount\n1,a,5.50\n" });
    await ingest();
    await declare("evolve", undefined, "id: t.integer(), note: t.varchar({ nullable: true }), discount: t.decimal(10, 2)");
    expect(await ingest()).toMatchObject({ status: "succeeded", notes: [] });
    expect(await project.query("from bronze.orders")).toEqual([{ id: 1, note: "a", discount: "5.50" }]);
    expect((await project.assay(["query", "from bronze.orders__evolved"])).stderr).toContain("QUERY_FAILED");
    expect((await project.json<{ evolved: readonly unknown[] }>(["check"])).evolved).toEqual([]);
    await declare("freeze");
    expect((await ingest()).error?.code).toBe("SOURCE_HEADER");
  });

  test("reads JSON: numbers, flags, objects and text that looks like a number", async () => {
    await declare("evolve", 'json("data/orders-*.json")');
    await project.write({
      "data/orders-1.json":
        '{"id": 1, "n": 5, "ok": true, "who": {"a": [1]}, "zip": "12345", "f": 1.5, "none": null, "Note": "x", "_batch": 1}\n',
    });
    const step = await ingest();
    expect(step.status).toBe("succeeded");
    expect(step.notes.filter((note) => note.includes("left out")).map((note) => note.replace(/^orders-1.json: /, ""))).toEqual([
      "column Note is left out: its name differs from note in case only",
      "column _batch is left out: names that start with _ belong to the platform",
      "fields that the contract does not have are left out: Note, _batch",
    ]);
    await project.write({ "data/orders-2.json": '{"id": 2, "note": "b", "n": {"deep": 1}, "f": 2, "ok": "perhaps"}\n' });
    expect(await ingest()).toMatchObject({ status: "succeeded", quarantined: 0 });
    expect(await evolved()).toEqual([
      { id: 1, note: null, f: 1.5, n: "5", none: null, ok: "true", who: '{"a":[1]}', zip: "12345" },
      { id: 2, note: "b", f: 2, n: '{"deep":1}', none: null, ok: "perhaps", who: null, zip: null },
    ]);
  });

  test("reads Parquet by its own types, and refuses a type that changes", async () => {
    await declare("evolve", 'parquet("data/orders-*.parquet")');
    await writeParquet("data/orders-1.parquet", "select 1 as id, 'a' as note, 5::utinyint as n, {'a': 1} as who, 'x'::blob as picture");
    expect(await ingest()).toMatchObject({ status: "succeeded" });
    expect(await evolved()).toEqual([{ id: 1, note: "a", n: 5, who: '{"a":1}' }]);
    await writeParquet("data/orders-2.parquet", "select 2 as id, 'b' as note, 'five' as n");
    expect((await ingest()).error?.message).toMatch(/orders-2\.parquet: column n is VARCHAR, the contract says SMALLINT/);
    await writeParquet("data/orders-2.parquet", "select 2 as id, 6::bigint as n");
    expect((await ingest()).notes).toEqual(["orders-2.parquet lacks note: null in its rows"]);
    expect(await evolved()).toMatchObject([{ n: 5 }, { id: 2, note: null, n: 6 }]);
  });

  test("goes with partitions, copies and required values", async () => {
    const more = 'partitionBy: { part: "id % 2" }, replicate: { times: "2", keys: ["key"] }';
    await declare("evolve", undefined, "id: t.integer(), key: t.varchar()", more);
    await project.write({ "data/orders-1.csv": "id,extra,key,part\n1,5,a,x\n5,6,,y\n3,7,c,z\n" });
    const step = await ingest();
    expect(step).toMatchObject({ status: "succeeded", rows_in: 6, rows_out: 4, quarantined: 2 });
    expect(step.notes).toContain("orders-1.csv: column part is left out: a partition folder has its name");
    expect(await project.query("select id, key, extra from bronze.orders__evolved order by id, key")).toEqual([
      { id: 1, key: "a", extra: "5" },
      { id: 1, key: "a~1", extra: "5" },
      { id: 3, key: "c", extra: "7" },
      { id: 3, key: "c~1", extra: "7" },
    ]);
  });

  test("leaves no record of a column when the step fails", async () => {
    await project.write({
      "sources/orders.ts": `import { bronze, check, csv, t } from "assay";
export const orders = bronze("orders", { from: csv("data/orders-*.csv"), schema: "evolve", columns: { id: t.integer() }, checks: [check.rowCount({ max: 1 })] });
`,
      "data/orders-1.csv": "id,x\n1,1\n2,2\n",
    });
    expect((await ingest()).error?.code).toBe("CHECK_FAILED");
    expect(await changes()).toEqual([]);
    await project.write({ "data/orders-1.csv": "id\n1\n" });
    expect(await ingest()).toMatchObject({ status: "succeeded", notes: [] });
  });

  test("is refused for a merged table, and as a word that is none", async () => {
    await declare("evolve", undefined, undefined, 'key: ["id"], load: "merge"');
    expect((await project.json<{ error: { message: string } }>(["check"])).error.message).toContain('schema: "evolve" does not go with');
    await declare("open");
    expect((await project.json<{ error: { message: string } }>(["check"])).error.message).toContain("schema is none of");
  });
});
