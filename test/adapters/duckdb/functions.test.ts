import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { defineFunctions } from "../../../src/adapters/duckdb/functions.ts";
import { duckdbAnalyzer } from "../../../src/adapters/duckdb/sql-analyzer.ts";
import { columnTypeName } from "../../../src/define/column-type.ts";
import type { ColumnType } from "../../../src/define/types.ts";
import type { Session } from "../../../src/ports/engine.ts";
import type { ProjectFunction } from "../../../src/ports/project-function.ts";

let database: Database;
let session: Session;
beforeAll(async () => {
  database = await memoryDatabase();
});
beforeEach(async () => {
  session = await database.session();
  await session.execute({ text: "drop schema if exists assay_functions cascade; drop schema if exists gold cascade; create schema gold" });
});
afterAll(() => database.close());

const varchar: ColumnType = { kind: "varchar" };

const f = (
  name: string,
  body: string,
  params: Readonly<Record<string, ColumnType>>,
  result: ColumnType,
  version = "1",
): ProjectFunction => ({
  name,
  call: `${name}_${version.padStart(16, "0")}`,
  params: Object.entries(params).map(([param, type]) => ({ name: param, type })),
  result,
  bodies: { duckdb: body },
});

const values: readonly (readonly [ColumnType, string])[] = [
  [varchar, "'Zürich ''x'' $1 %'"],
  [{ kind: "boolean" }, "true"],
  [{ kind: "smallint" }, "-7::smallint"],
  [{ kind: "integer" }, "7::integer"],
  [{ kind: "bigint" }, "9007199254740993"],
  [{ kind: "double" }, "0.1::double"],
  [{ kind: "decimal", precision: 38, scale: 4 }, "1234567890123456789012345678901234.5678"],
  [{ kind: "date" }, "date '2024-02-29'"],
  [{ kind: "timestamp" }, "timestamp '2024-02-29 01:02:03.000004'"],
  [{ kind: "time" }, "time '01:02:03.000004'"],
  [{ kind: "json" }, `'{"a": 1}'::json`],
];

test.each(values)("a parameter and a result of type %o", async (type, value) => {
  const same = f("same", `"order"`, { order: type }, type);
  await defineFunctions(session, [same]);
  const call = `assay_functions.${same.call}`;
  const [row] = await session.query({
    text: `select ${call}(${value}) is not distinct from ${value} as same, ${call}(null) is null as absent, typeof(${call}(${value})) as type`,
  });
  expect(row).toEqual({ same: true, absent: true, type: columnTypeName(type) });
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  await analyzer.defineFunctions([same]);
  const outcome = await analyzer.describe(`select ${call}(${value}) as value`, {});
  analyzer.close();
  expect(outcome).toEqual({ columns: [{ name: "value", type: columnTypeName(type) }] });
});

test("arguments may hold columns of the parameters' names, lambdas, subqueries and aggregates", async () => {
  const joined = f("joined", "a || '/' || b || '/' || a", { a: varchar, b: varchar }, varchar);
  await defineFunctions(session, [joined]);
  const call = `assay_functions.${joined.call}`;
  const [row] = await session.query({
    text: `select ${call}(b, a) as swapped, list_transform([a, b], lambda a: ${call}(b, a)) as within,
      ${call}((select b), ${call}(a, 'z')) as nested from (values ('1', '2')) as t(a, b)`,
  });
  expect(row).toEqual({ swapped: "2/1/2", within: ["2/1/2", "2/2/2"], nested: "2/1/z/1/2" });
  const [total] = await session.query({ text: `select ${call}(max(a), min(a)) as ends from (values ('1'), ('2')) as t(a)` });
  expect(total).toEqual({ ends: "2/1/2" });
});

test("an argument is computed once", async () => {
  await session.execute({ text: "create or replace sequence counter" });
  await defineFunctions(session, [f("twice", "n + n", { n: { kind: "bigint" } }, { kind: "bigint" })]);
  const [row] = await session.query({ text: "select twice(nextval('counter')) as value" });
  expect(row).toEqual({ value: "2" });
});

describe("versions", () => {
  const first = f("mark", "'first'", {}, varchar, "1");
  const second = f("mark", "'second'", {}, varchar, "2");
  const calling = (callee: ProjectFunction, version: string): ProjectFunction =>
    f("calling", `assay_functions.${callee.call}() || '!'`, {}, varchar, version);
  const versions = async (): Promise<readonly unknown[]> =>
    (await session.query({ text: "select function_name from duckdb_functions() where schema_name = 'assay_functions' order by 1" })).map(
      (row) => row.function_name,
    );

  test("stand beside each other for as long as a view calls the old one", async () => {
    await defineFunctions(session, [first, calling(first, "3")]);
    await session.execute({ text: `create view gold.shown as select assay_functions.${calling(first, "3").call}() as mark` });
    await defineFunctions(session, [second, calling(second, "4")]);
    expect(await session.query({ text: "select mark, mark() as own, calling() as called from gold.shown" })).toEqual([
      { mark: "first!", own: "second", called: "second!" },
    ]);
    expect(await versions()).toHaveLength(4);
    await session.execute({ text: "drop view gold.shown" });
    const third = f("mark", "'third'", {}, varchar, "5");
    await defineFunctions(session, [third]);
    expect(await versions()).toEqual([third.call]);
    expect(await session.query({ text: "select mark() as own" })).toEqual([{ own: "third" }]);
    await expect(session.query({ text: "select calling()" })).rejects.toThrow("does not exist");
  });

  test("that were there before are named again", async () => {
    await defineFunctions(session, [first]);
    await session.execute({ text: `create view gold.shown as select assay_functions.${first.call}() as mark` });
    await defineFunctions(session, [second]);
    await defineFunctions(session, [first]);
    expect(await session.query({ text: "select mark() as own" })).toEqual([{ own: "first" }]);
    expect(await versions()).toEqual([first.call]);
  });
});
