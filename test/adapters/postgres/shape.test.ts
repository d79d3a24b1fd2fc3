import { afterAll, beforeAll, expect, test } from "vitest";
import { castTo, postgresType, widens } from "../../../src/adapters/postgres/types.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import { openWarehouse, refusal, tableOf, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse.close());

const typed = (column: Columns[string]) => postgresType(column.type);

test.each([
  ["smallint", "integer", true],
  ["smallint", "bigint", true],
  ["bigint", "integer", false],
  ["integer", "integer", false],
  ["numeric(10,2)", "numeric(12,2)", true],
  ["numeric(10,2)", "numeric(12,4)", true],
  ["numeric(10,2)", "numeric(10,4)", false],
  ["numeric(10,2)", "numeric(12,1)", false],
  ["character varying(20)", "text", true],
  ["text", "json", false],
  ["date", "timestamp without time zone", false],
  ["integer", "numeric(10,0)", false],
])("%s → %s widens: %s", (from, to, expected) => {
  expect(widens(from, to)).toBe(expected);
});

test("the types of a contract are spelled as PostgreSQL prints them", async () => {
  const all: Columns = {
    a: t.varchar(),
    b: t.boolean(),
    c: t.smallint(),
    d: t.integer(),
    e: t.bigint(),
    f: t.decimal(38, 9),
    g: t.double(),
    h: t.date(),
    i: t.timestamp(),
    j: t.time(),
    k: t.json(),
  };
  await warehouse.sql(
    `create table spelled (${Object.entries(all)
      .map(([name, column]) => `${name} ${typed(column)}`)
      .join(", ")})`,
  );
  const held = await warehouse.sql(
    "select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 'spelled'::regclass and attnum > 0 order by attnum",
  );
  expect(held.map(({ type }) => type)).toEqual(Object.values(all).map(typed));
  expect(castTo("x", "text", "integer")).toBe("x::text::integer");
});

test("columns added, widened or made nullable are migrated and reported", async () => {
  await warehouse.load(
    tableOf("grown", { id: t.smallint(), price: t.decimal(8, 2), note: t.varchar() }),
    "(select 1::smallint as id, 1.5::decimal(8,2) as price, 'n' as note)",
  );
  const grown = tableOf("grown", { added: t.date(), id: t.bigint(), price: t.decimal(12, 3), note: t.varchar({ nullable: true }) });
  const rows = "(select date '2020-01-01' as added, 1::bigint as id, 1.5::decimal(12,3) as price, null::varchar as note)";
  expect((await warehouse.load(grown, rows)).migrations).toEqual([
    "added column added (date)",
    "widened column id from smallint to bigint",
    "widened column price from numeric(8,2) to numeric(12,3)",
    "column note may now be null",
  ]);
  expect((await warehouse.load(grown, rows)).migrations).toEqual([]);
  expect(await warehouse.sql("select added::text, id, price, note from gold.grown")).toEqual([
    { added: "2020-01-01", id: "1", price: "1.500", note: null },
  ]);
});

const before: Columns = { id: t.integer(), v: t.decimal(10, 2, { nullable: true }), old: t.varchar({ nullable: true }) };
const beforeRows = "(select i::integer as id, (i / 2)::decimal(10,2) as v, 'x' as old from range(3) r(i))";

test.each<readonly [string, Columns, string, RegExp, RegExp]>([
  [
    "dropped",
    { id: t.integer(), v: t.decimal(10, 2, { nullable: true }) },
    "id, v",
    /^gold\.d_dropped: column old would be dropped$/,
    /DROP COLUMN "old";/,
  ],
  [
    "narrowed",
    { ...before, v: t.decimal(8, 2, { nullable: true }) },
    "id, v::decimal(8,2) as v, old",
    /column v would change from numeric\(10,2\) to numeric\(8,2\)/,
    /ALTER COLUMN "v" TYPE numeric\(8,2\) USING "v"::numeric\(8,2\);/,
  ],
  [
    "smaller",
    { ...before, id: t.smallint() },
    "id::smallint as id, v, old",
    /column id would change from integer to smallint/,
    /TYPE smallint/,
  ],
  [
    "retyped",
    { ...before, v: t.varchar({ nullable: true }) },
    "id, v::varchar as v, old",
    /column v would change from numeric\(10,2\) to text/,
    /USING "v"::text::text;/,
  ],
  ["strict", { ...before, old: t.varchar() }, "id, v, old", /column old would become NOT NULL/, /ALTER COLUMN "old" SET NOT NULL;/],
  [
    "several",
    { id: t.bigint(), v: t.integer() },
    "id::bigint as id, v::integer as v",
    /old would be dropped; column v would change from numeric\(10,2\) to integer; column v would become NOT NULL/,
    /DROP COLUMN "old", ALTER COLUMN "v" TYPE integer USING "v"::integer, ALTER COLUMN "v" SET NOT NULL;/,
  ],
])("%s: refused with the statement to run, which then lets it pass", async (name, after, select, message, statement) => {
  await warehouse.load(tableOf(`d_${name}`, before), beforeRows);
  const table = tableOf(`d_${name}`, after);
  const rows = `(select ${select} from ${beforeRows} r)`;
  const error = await refusal(warehouse.load(table, rows));
  expect(error.code).toBe("SINK_DESTRUCTIVE_CHANGE");
  expect(error.message).toMatch(message);
  expect(error.hint).toMatch(statement);
  expect(await warehouse.sql(`select count(*)::int as n from gold.d_${name} where old = 'x'`)).toEqual([{ n: 3 }]);
  expect(await warehouse.leftovers()).toEqual([]);
  await warehouse.sql(/run: (ALTER TABLE [^;]+;)/.exec(error.hint ?? "")?.[1] ?? "no statement");
  expect((await warehouse.load(table, rows)).fingerprint.rows).toBe(3);
});

test("where present values do not fit, the second statement of the hint does", async () => {
  await warehouse.load(tableOf("unfit", { v: t.varchar({ nullable: true }) }), "(select * from (values (null), ('abc')) s(v))");
  const table = tableOf("unfit", { v: t.integer() });
  const { hint } = await refusal(warehouse.load(table, "(select 1::integer as v)"));
  const statements = [...(hint ?? "").matchAll(/ALTER TABLE [^;]+;/g)].map(([text]) => text);
  await expect(warehouse.sql(statements[0] ?? "")).rejects.toThrow(/contains null values|invalid input syntax/);
  await warehouse.sql(statements[1] ?? "");
  expect((await warehouse.load(table, "(select 1::integer as v)")).migrations).toEqual(["added column v (integer)"]);
});

test("views on the table are named in the hint", async () => {
  await warehouse.load(tableOf("viewed", before), beforeRows);
  await warehouse.sql("create view gold.viewing as select old from gold.viewed");
  const { hint } = await refusal(warehouse.load(tableOf("viewed", { id: t.integer() }), "(select 1::integer as id)"));
  expect(hint).toContain('views that use the column have to be dropped before: "gold"."viewing"');
});
