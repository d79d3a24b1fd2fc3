import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Columns, t } from "../../../src/define/types.ts";
import { openWarehouse, tableOf, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse.close());

const q = (text: string) => `'${text.replaceAll("'", "''")}'`;
const n = { nullable: true };

/** DuckDB literals by type; null and every edge a value of the type has. */
const samples: readonly (readonly [string, Columns[string], readonly string[]])[] = [
  [
    "varchar",
    t.varchar(n),
    [
      "''",
      "' '",
      q("Zürich"),
      q("😀 e\u0301 🤦🏼‍♂️"),
      q('say "hi", o\'k'),
      q("a\nb"),
      q("a\r\nb\rc"),
      q("\\."),
      q("\\N"),
      q("NULL"),
      q("-"),
      q("\t"),
      q("1:2,3"),
    ],
  ],
  ["boolean", t.boolean(n), ["true", "false"]],
  ["smallint", t.smallint(n), ["-32768", "0", "32767"]],
  ["integer", t.integer(n), ["-2147483648", "0", "2147483647"]],
  ["bigint", t.bigint(n), ["-9223372036854775808", "0", "9223372036854775807"]],
  ["decimal(12,2)", t.decimal(12, 2, n), ["-0.05", "0", "1", "9999999999.99", "-9999999999.99"]],
  ["decimal(38,0)", t.decimal(38, 0, n), [`${"9".repeat(38)}`, `-${"9".repeat(38)}`, "0"]],
  ["decimal(38,38)", t.decimal(38, 38, n), [`'0.${"9".repeat(38)}'`, `'-0.${"9".repeat(38)}'`, "0", "-0.5"]],
  ["decimal(4,4)", t.decimal(4, 4, n), ["0.0001", "-0.0001", "0"]],
  [
    "double",
    t.double(n),
    [
      "1",
      "-1.5",
      "0.1",
      "1e15",
      "1e16",
      "1e-7",
      "123456789012345678",
      "5e-324",
      "1.7976931348623157e308",
      "'-0.0'",
      "'nan'",
      "'inf'",
      "'-inf'",
    ],
  ],
  ["date", t.date(n), ["'0001-01-01'", "'0044-03-15 (BC)'", "'2018-02-28'", "'9999-12-31'", "'12018-01-01'", "'infinity'", "'-infinity'"]],
  [
    "timestamp",
    t.timestamp(n),
    [
      "'0001-01-01 00:00:00'",
      "'0044-03-15 (BC) 10:00:00.5'",
      "'2018-01-01 10:00:00.5'",
      "'2018-01-01 10:00:00.000001'",
      "'9999-12-31 23:59:59.999999'",
      "'infinity'",
      "'-infinity'",
    ],
  ],
  ["time", t.time(n), ["'00:00:00'", "'23:59:59.999999'", "'10:00:00.120'", "'24:00:00'"]],
  ["json", t.json(n), ["'null'", `'{"b": 1,  "a": [1.50, "ü"], "a": 2}'`, `'"x"'`, "'{}'", `'"\\u0000"'`]],
];

test.each(samples)("%s: what PostgreSQL holds equals what was sent, null included", async (type, column, literals) => {
  const values = ["null", ...literals].map((literal, at) => `(${at}, cast(${literal} as ${type}))`).join(", ");
  const table = tableOf(`type_${type.replace(/\W/g, "_")}`, { id: t.integer(), v: column }, { primaryKey: ["id"] });
  const relation = `(select * from (values ${values}) as s(id, v))`;
  const first = await warehouse.load(table, relation);
  expect(first.fingerprint.rows).toBe(literals.length + 1);
  expect((await warehouse.load(table, relation)).fingerprint).toEqual(first.fingerprint);
  const [held] = await warehouse.sql(`select count(*)::int as rows, count(v)::int as filled from gold."${table.table}"`);
  expect(held).toEqual({ rows: literals.length + 1, filled: literals.length });
});

test.each(samples)("%s alone in a table, where a null is an empty line", async (type, column, literals) => {
  const values = ["null", "null", ...literals].map((literal) => `(cast(${literal} as ${type}))`).join(", ");
  const table = tableOf(`alone_${type.replace(/\W/g, "_")}`, { v: column });
  expect((await warehouse.load(table, `(select * from (values ${values}) as s(v))`)).fingerprint.rows).toBe(literals.length + 2);
});

test.each(samples)("%s not null", async (type, column, literals) => {
  const values = literals.map((literal, at) => `(${at}, cast(${literal} as ${type}))`).join(", ");
  const table = tableOf(`strict_${type.replace(/\W/g, "_")}`, { id: t.integer(), v: { ...column, nullable: false } });
  expect((await warehouse.load(table, `(select * from (values ${values}) as s(id, v))`)).fingerprint.rows).toBe(literals.length);
});

test("the texts arrive unchanged", async () => {
  const [, column, literals] = samples[0] ?? [];
  if (column === undefined || literals === undefined) throw new Error("no sample");
  const texts = literals.map((literal) => literal.slice(1, -1).replaceAll("''", "'"));
  const values = literals.map((literal, at) => `(${at}, ${literal})`).join(", ");
  await warehouse.load(tableOf("texts", { id: t.integer(), v: column }), `(select * from (values ${values}) as s(id, v))`);
  expect((await warehouse.sql("select v from gold.texts order by id")).map(({ v }) => v)).toEqual(texts);
});

test("any text and any double", async () => {
  const pairs = fc.sample(fc.tuple(fc.string({ unit: "binary", maxLength: 12 }), fc.double()), { numRuns: 3_000, seed: 7 });
  const values = pairs
    .map(([text, number], at) => `(${at}, ${q(text.replaceAll("\u0000", " "))}, '${Object.is(number, -0) ? "-0" : number}'::double)`)
    .join(", ");
  const table = tableOf("anything", { id: t.integer(), v: t.varchar(), d: t.double() }, { primaryKey: ["id"] });
  expect((await warehouse.load(table, `(select * from (values ${values}) as s(id, v, d))`)).fingerprint.rows).toBe(3_000);
  const held = await warehouse.sql("select v, d from gold.anything order by id");
  expect(held.map(({ v, d }) => [v, d])).toEqual(pairs.map(([text, number]) => [text.replaceAll("\u0000", " "), number]));
});

test("more columns than a PostgreSQL function takes arguments", async () => {
  const columns = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`c${at}`, at % 3 === 0 ? t.integer(n) : t.varchar(n)]));
  const cells = Object.keys(columns).map((name, at) =>
    at % 7 === 0 ? `null as ${name}` : `(i * ${at})${at % 3 === 0 ? "::integer" : "::varchar"} as ${name}`,
  );
  expect((await warehouse.load(tableOf("wide", columns), `(select ${cells.join(", ")} from range(200) r(i))`)).fingerprint.rows).toBe(200);
});

test("no rows", async () => {
  const load = await warehouse.load(
    tableOf("nothing", { id: t.integer() }, { primaryKey: ["id"] }),
    "(select 1::integer as id where false)",
  );
  expect(load.fingerprint).toEqual({ rows: 0, checksum: "0" });
});

test("the checksum tells apart what looks alike", async () => {
  const table = tableOf("alike", { a: t.varchar(n), b: t.varchar(n) });
  const relations = ["('a', 'b')", "('a,1,b', '')", "('ab', '')", "('', 'ab')", "(null, 'ab')", "('ab', null)", "('a', ',b')"];
  const checksums = new Set<string>();
  for (const relation of relations)
    checksums.add((await warehouse.rows(`(values ${relation}) as s(a, b)`, table.columns).fingerprint()).checksum);
  expect(checksums.size).toBe(relations.length);
});
