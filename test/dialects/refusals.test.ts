import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { type EngineContext, engineQuery } from "../../src/compile/dialect/engine-text.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import { lineOf } from "../../src/compile/parse-models.ts";
import type { Sql } from "../../src/define/sql.ts";
import type { SqlDialect } from "../../src/ports/sql-dialect.ts";
import { type TestAnalyzer, testAnalyzer } from "../compile/analyzer.ts";
import { tables } from "./tables.ts";

let tested: TestAnalyzer;
let dialect: SqlDialect;

beforeAll(async () => {
  tested = await testAnalyzer(tables);
  dialect = postgresDialect(tested.analyzer, polyglotTranspiler());
});

afterAll(() => tested.analyzer.close());

const relations = new Map();

async function refusals(text: string): Promise<readonly string[]> {
  const outcome = await dialect.translate({ text, params: {}, relations });
  return "refused" in outcome ? outcome.refused.map((item) => item.construct) : [`carried over: ${outcome.text}`];
}

const contextOf = (moved: EngineContext["relations"]): EngineContext => ({
  dialect,
  relations: moved,
  functions: [],
  columns: new Map(),
  samples: {},
  errors: [],
});

const expression = (text: string): string => `select ${text} as x from silver.sales`;

describe("what is not carried over", () => {
  it.each([
    ["function now", expression("now()")],
    ["current_date", expression("current_date")],
    ["function random", expression("random()")],
    ["aggregate list", expression("list(qty)")],
    ["aggregate first", expression("first(qty)")],
    ["aggregate mode", expression("mode(qty)")],
    ["aggregate string_agg", expression("string_agg(customer, ',')")],
    ["aggregate median", expression("median(amount)")],
    ["aggregate arg_max", expression("arg_max(distinct qty, id)")],
    ["window arg_max", expression("arg_max(qty, id) over (partition by customer)")],
    ["window row_number", expression("row_number() over ()")],
    ["window lag", expression("lag(qty, 1, 0.5) over (order by id)")],
    ["IGNORE NULLS", expression("last_value(qty ignore nulls) over (order by id)")],
    [
      "a window frame by RANGE or GROUPS with a distance",
      expression("sum(qty) over (order by id range between 2 preceding and current row)"),
    ],
    ["cast double → text", expression("price::varchar")],
    ["operator ||", expression("'x' || price")],
    ["operator //", expression("amount // 2")],
    ["operator %", expression("price % 2")],
    ["function round", expression("round(price, qty)")],
    ["array slice", expression("customer[2:3]")],
    ["function substr", expression("substr(customer, -2)")],
    ["function strftime", expression("strftime(day, '%U')")],
    ["function strptime", expression("strptime(customer, '%Y %b')")],
    ["function date_diff", expression("date_diff('week', day, sold_at)")],
    ["function date_trunc", expression("date_trunc('decade', day)")],
    ["operator ~~", expression("customer like product")],
    ["operator ~~", expression("customer like 'a\\b'")],
    ["function regexp_matches", expression("regexp_matches(customer, 'a.*?b')")],
    ["function regexp_matches", expression("regexp_matches(customer, '(?i)a')")],
    ["function regexp_matches", expression("regexp_matches(customer, '\\bfoo')")],
    ["function regexp_replace", expression("regexp_replace(customer, 'a|ab', 'x')")],
    ["function regexp_extract", expression("regexp_extract(customer, 'a*ab?')")],
    ["function list_transform", expression("list_transform([qty], lambda v: v + 1)")],
    ["function struct_pack", expression("{'a': qty}")],
    ["operator ->", expression("doc -> 'a'")],
    ["INTEGER and VARCHAR with =", "select id from silver.sales where qty = customer"],
    ["POSITIONAL JOIN", "select a.id from silver.sales a positional join silver.people b"],
    ["ASOF JOIN", "select a.id from silver.sales a asof join silver.people b on a.day >= b.born"],
    ["SEMI JOIN", "select id from silver.sales semi join silver.people using (customer)"],
    ["UNION BY NAME", "select id from silver.sales union by name select id from silver.sales"],
    ["LIMIT without ORDER BY", "select id from silver.sales limit 3"],
    ["a computed LIMIT", "select id from silver.sales order by id limit (select 3)"],
    ["limit percent modifier", "select id from silver.sales order by id limit 10%"],
    ["TABLESAMPLE", "select id from silver.sales tablesample 10%"],
    ["USING SAMPLE", "select id from silver.sales using sample 10%"],
    ["a star that renames or chooses columns", "select columns('i.*') from silver.sales"],
    ["a star that renames or chooses columns", "select * rename (id as nr) from silver.sales"],
    ["function unnest", "select unnest([1, 2]) as x"],
    ["a comparison with ANY or ALL", "select id from silver.sales where qty > all (select 3)"],
    ["DISTINCT ON without ORDER BY or with QUALIFY", "select distinct on (customer) id from silver.sales"],
    ["PIVOT", "select * from (pivot silver.sales on product in ('Apple', 'Pear') using sum(qty) group by customer)"],
    ["rowid", "select rowid as x from silver.sales"],
  ])("%s", async (construct, text) => {
    expect(await refusals(text)).toContain(construct);
  });

  it("names the cause alone, not what is around it", async () => {
    expect(await refusals(expression("upper(customer || now()) = 'x'"))).toEqual(["function now"]);
  });

  it("names everything at once, each with its line", async () => {
    const sql: Sql = {
      kind: "sql",
      text: "select\n  id,\n  now() as at,\n  price::varchar as p\nfrom silver.sales",
      location: { file: "gold.sql", line: 10 },
    };
    const context = contextOf(relations);
    await engineQuery(
      { text: sql.text, owner: "gold.report", place: (offset) => ({ file: "gold.sql", line: lineOf(sql, offset) }) },
      context,
    );
    const { errors } = context;
    expect(errors.map((error) => [error.code, error.message, error.hint, error.location])).toEqual([
      [
        "SQL_NOT_PORTABLE",
        "gold.report: function now cannot be carried over to PostgreSQL",
        "it has another value in every run: use a parameter of the pipeline ($name)",
        { file: "gold.sql", line: 12 },
      ],
      [
        "SQL_NOT_PORTABLE",
        "gold.report: cast double → text cannot be carried over to PostgreSQL",
        "go another way, e.g. by decimal, then to text",
        { file: "gold.sql", line: 13 },
      ],
    ]);
  });

  it("gives the text where there is nothing to refuse, with tables where they stand", async () => {
    const moved = new Map([["silver.sales", { schema: "anna_silver", name: "Sales" }]] as const);
    const place = () => ({ file: "gold.sql", line: 1 });
    expect(await engineQuery({ text: "select id from Silver.Sales", owner: "gold.report", place }, contextOf(moved))).toBe(
      'SELECT "id" AS "id" FROM "anna_silver"."Sales" AS "sales"',
    );
  });

  it("the mark of quotes in names", async () => {
    expect(await refusals('select 1 as "a\u{E0A6}b"')).toEqual(["the character U+E0A6"]);
  });

  it.each(["select '\u{E0A5}' as x", 'select 1 as "a\u{E0A5}b"'])("the mark of names: %s", async (text) => {
    expect(await refusals(text)).toEqual(["the character U+E0A5"]);
  });

  it("texts that look like what marks a replaced part", async () => {
    expect(await refusals("select '__ASSAY_0(' || 'x' as x")).toEqual(["the word __assay_ with a number"]);
  });

  it("quotes in names", async () => {
    const outcome = await dialect.translate({ text: 'select id as "a""b; drop table x --" from silver.sales', params: {}, relations });
    expect(outcome).toMatchObject({ text: 'SELECT "id" AS "a""b; drop table x --" FROM "silver"."sales" AS "sales"' });
  });
});
