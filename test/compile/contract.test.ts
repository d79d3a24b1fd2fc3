import { beforeAll, describe, expect, it } from "vitest";
import { contractColumns, contractErrors, contractSelect, inferredColumns } from "../../src/compile/contract.ts";
import { columnTypeName, parseColumnType } from "../../src/define/column-type.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { errorsOf, type TestAnalyzer, testAnalyzer } from "./analyzer.ts";

const location = { file: "m.sql", line: 3 };
let duckdb: TestAnalyzer;
beforeAll(async () => {
  duckdb = await testAnalyzer({ "bronze.a": { id: t.integer(), x: t.integer({ nullable: true }) } });
});

async function problems(text: string, columns: Columns): Promise<readonly string[]> {
  const described = await duckdb.describe(text);
  return contractErrors("gold.m", contractColumns(columns), described, null, location).map((error) => `${error.code} ${error.message}`);
}

/** SQL expression → contract types it may be stored in, and some it may not. */
const assignments: readonly (readonly [expression: string, fits: string, not: string])[] = [
  ["1::tinyint", "smallint integer bigint double decimal(10,2)", "varchar boolean date json"],
  ["1::utinyint", "smallint integer", "varchar"],
  ["1::bigint", "smallint integer bigint double decimal(5,0)", "varchar timestamp"],
  ["1::hugeint", "bigint decimal(38,0)", "varchar"],
  ["1::decimal(10,2)", "decimal(10,2) decimal(5,2) decimal(12,4) double", "decimal(10,1) integer bigint varchar"],
  ["1::decimal(10,0)", "integer bigint decimal(3,0) double", "varchar"],
  ["1.5::double", "double", "decimal(10,2) integer varchar"],
  ["1.5::float", "double", "decimal(10,2) integer"],
  ["'a'", "varchar", "integer json date boolean"],
  ["'a'::json", "json", "varchar"],
  ["true", "boolean", "integer varchar"],
  ["date '2020-01-01'", "date timestamp", "varchar time"],
  ["timestamp '2020-01-01'", "timestamp", "date varchar"],
  ["'2020-01-01'::timestamp_s", "timestamp", "date"],
  ["'2020-01-01'::timestamp_ns", "", "timestamp"],
  ["'2020-01-01'::timestamptz", "", "timestamp date varchar"],
  ["time '10:00'", "time", "timestamp varchar"],
  ["uuid()", "varchar", "json"],
  ["'a'::enum('a', 'b')", "varchar", "json"],
  ["null", "integer bigint decimal(10,2) double", "varchar date"],
  ["[1]", "", "varchar json"],
  ["{'a': 1}", "", "json varchar"],
  ["'a'::blob", "", "varchar"],
];
const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

describe("contractErrors", () => {
  it.each(assignments)("%s fits %s, and not %s", async (expression, fits, not) => {
    for (const name of [...words(fits), ...words(not)]) {
      const type = parseColumnType(name);
      if (type === null) throw new Error(name);
      const found = await problems(`select ${expression} as c`, { c: { type, nullable: true, description: null, sensitive: false } });
      expect(found.length, `${expression} as ${columnTypeName(type)}: ${found.join()}`).toBe(words(fits).includes(name) ? 0 : 1);
    }
  });

  it("names every column that is missing, extra or twice, in any case of letters", async () => {
    expect(await problems("select 1 as a, 2 as B", { A: t.integer(), b: t.integer() })).toEqual([]);
    expect(await problems("select 1 as a, 2 as extra", { a: t.integer(), missing: t.integer() })).toEqual([
      "CONTRACT_MISMATCH gold.m: the contract has the column missing, the SQL does not select it",
      "CONTRACT_MISMATCH gold.m: the SQL selects extra (INTEGER), the contract does not have it",
    ]);
    expect(await problems("select p.id, q.id from bronze.a p, bronze.a q", { id: t.integer() })).toEqual([
      "CONTRACT_MISMATCH gold.m: the SQL selects two columns named id",
    ]);
  });

  it("refuses a column that can be null where the contract says it cannot", () => {
    const outputs = [
      { name: "x", nullability: "yes" as const, origin: { table: "bronze.a" as const, column: "x", alias: "a" } },
      { name: "y", nullability: "unknown" as const, origin: null },
    ];
    const described = [
      { name: "x", type: "INTEGER" },
      { name: "y", type: "INTEGER" },
    ];
    const strict = contractErrors("gold.m", contractColumns({ x: t.integer(), y: t.integer() }), described, outputs, location);
    expect(strict.map((error) => [error.code, error.message, error.location])).toEqual([
      [
        "NULLABILITY_MISMATCH",
        "gold.m: column x is declared not null but can be null (it is bronze.a.x, which can be null here)",
        location,
      ],
    ]);
    expect(
      contractErrors("gold.m", contractColumns({ x: t.integer({ nullable: true }), y: t.integer() }), described, outputs, location),
    ).toEqual([]);
  });
});

describe("inferredColumns", () => {
  it.each([
    ["1::tinyint", "SMALLINT"],
    ["1::usmallint", "INTEGER"],
    ["1::uinteger", "BIGINT"],
    ["1::ubigint", "DECIMAL(38,0)"],
    ["sum(1)", "DECIMAL(38,0)"],
    ["1::float", "DOUBLE"],
    ["avg(1)", "DOUBLE"],
    ["null", "INTEGER"],
    ["'a'::enum('a')", "VARCHAR"],
    ["1.50", "DECIMAL(3,2)"],
    ["'1'::json", "JSON"],
  ])("holds %s as %s", async (expression, type) => {
    const [column] = inferredColumns("gold.m", await duckdb.describe(`select ${expression} as c`), null, location);
    expect(column === undefined ? null : columnTypeName(column.type)).toBe(type);
    expect(column?.nullable).toBe(true);
  });

  it.each(["[1]", "{'a': 1}", "now()", "'a'::blob", "interval 1 day", "'x'::timestamp_ns", "p.id, q.id"])(
    "refuses %s with what to do",
    async (expression) => {
      const described = await duckdb.describe(`select ${expression} from bronze.a p, bronze.a q`);
      expect(await errorsOf(() => inferredColumns("gold.m", described, null, location))).toEqual([
        expect.stringMatching(/^CONTRACT_MISMATCH gold\.m/),
      ]);
    },
  );
});

describe("contractSelect", () => {
  const contract = contractColumns({ b: t.decimal(12, 2), a: t.varchar(), 'odd "name': t.bigint() });

  it("gives the contract's columns, in its order and types", async () => {
    const text = 'select \'x\' as A, 1::decimal(10,2) as b, 3 as "odd ""name"';
    const select = contractSelect(text, contract, await duckdb.describe(text));
    expect((await duckdb.describe(select)).map((column) => `${column.name} ${column.type}`)).toEqual([
      "b DECIMAL(12,2)",
      "a VARCHAR",
      'odd "name BIGINT',
    ]);
  });

  it.each([
    "select 1 as b",
    "select 1 as b;",
    "select 1 as b -- end",
    "select 1 as b; -- end",
    "/* x */ select 1 as b ;\n/* y */\n",
    "with c as (select 1 as b) select * from c",
    "from (select 1 as b)",
    "(select 1 as b)",
    "values (1)",
  ])("can wrap %j", async (text) => {
    const described = (await duckdb.describe(text)).map((column) => ({ ...column, name: "b" }));
    const named = text === "values (1)" ? "select col0 as b from (values (1))" : text;
    expect(await duckdb.describe(contractSelect(named, contractColumns({ b: t.bigint() }), described))).toEqual([
      { name: "b", type: "BIGINT" },
    ]);
  });
});
