import { beforeAll, describe, expect, it } from "vitest";
import { tableReferences } from "../../src/compile/references.ts";
import { t } from "../../src/define/types.ts";
import { type TestAnalyzer, testAnalyzer } from "./analyzer.ts";

const columns = { id: t.integer(), x: t.integer({ nullable: true }), g: t.varchar() };
let duckdb: TestAnalyzer;
beforeAll(async () => {
  duckdb = await testAnalyzer({ "bronze.a": columns, "bronze.b": columns, "silver.a": columns });
});

/** Names in the order of the text; the place of each is checked to be where the name stands. */
async function namesIn(text: string): Promise<readonly string[]> {
  const references = tableReferences((await duckdb.tree(text)).node);
  const bytes = Buffer.from(text);
  return [...references]
    .sort((a, b) => (a.offset ?? -1) - (b.offset ?? -1))
    .map(({ name, offset }) => {
      const [first = ""] = name.split(".");
      const found = bytes.subarray(offset ?? 0).toString();
      expect(found.replace(/^["']/, "").startsWith(first), `${name} at ${offset} of ${text}`).toBe(true);
      return name;
    });
}

/** Each text binds on `bronze.a`, `bronze.b` and `silver.a`, so the expected names are what DuckDB itself would read. */
const cases: readonly (readonly [what: string, text: string, names: readonly string[]])[] = [
  ["one table", "select id from bronze.a", ["bronze.a"]],
  ["the same table twice", "select 1 from bronze.a p join bronze.a q using (id)", ["bronze.a", "bronze.a"]],
  ["two layers with one name", "select 1 from bronze.a join silver.a on true", ["bronze.a", "silver.a"]],
  ["quoted names in other cases", 'select 1 from "bronze"."a" join BRONZE.B using (id)', ["bronze.a", "BRONZE.B"]],
  ["names in comments and texts", "select 'from silver.a' -- from silver.a\n from /* silver.a */ bronze.a", ["bronze.a"]],
  ["a CTE", "with c as (select id from bronze.a) select * from c", ["bronze.a"]],
  ["a CTE named like a table", "with a as (select id from bronze.a) select * from a join silver.a s using (id)", ["bronze.a", "silver.a"]],
  ["a CTE in other cases", "with Cte as (select 1 from bronze.a) select * from CTE, cTe as other", ["bronze.a"]],
  [
    "a CTE that reads an earlier one",
    "with c as (select * from bronze.a), d as (select * from c) select * from d join c using (id)",
    ["bronze.a"],
  ],
  [
    "a nested CTE that hides an outer one",
    "with c as (select * from bronze.a) select * from (with c as (select * from bronze.b) select * from c) join c using (id)",
    ["bronze.a", "bronze.b"],
  ],
  [
    "a CTE of a subquery, gone outside of it",
    "select 1 from (with c as (select * from bronze.a) select * from c) s, (with c as (select * from bronze.b) select * from c) u",
    ["bronze.a", "bronze.b"],
  ],
  [
    "a recursive CTE",
    "with recursive r as (select id from bronze.a union all select r.id + 1 from r join bronze.b on r.id < 3) select * from r",
    ["bronze.a", "bronze.b"],
  ],
  ["a materialized CTE with column names", "with c(n) as materialized (select id from bronze.a) select n from c", ["bronze.a"]],
  ["a schema-qualified name like a CTE's", "with b as (select * from bronze.a) select * from b x, bronze.b y", ["bronze.a", "bronze.b"]],
  ["a lateral subquery", "select 1 from bronze.a, lateral (select 1 from bronze.b where b.id = a.id)", ["bronze.a", "bronze.b"]],
  [
    "subqueries in select, where, having and order by",
    "select (select max(id) from bronze.b), count(*) from bronze.a where id in (select id from silver.a) group by all having count(*) > (select 1 from bronze.b) order by (select 2 from silver.a)",
    ["bronze.b", "bronze.a", "silver.a", "bronze.b", "silver.a"],
  ],
  ["exists", "select 1 from bronze.a where not exists (select 1 from bronze.b where b.id = a.id)", ["bronze.a", "bronze.b"]],
  [
    "any and array",
    "select id = any (select id from bronze.b), array(select id from silver.a) from bronze.a",
    ["bronze.b", "silver.a", "bronze.a"],
  ],
  [
    "case",
    "select case when x is null then (select 1 from bronze.b) else (select 2 from silver.a) end from bronze.a",
    ["bronze.b", "silver.a", "bronze.a"],
  ],
  [
    "between",
    "select id between (select 1 from bronze.b) and (select 2 from silver.a) from bronze.a",
    ["bronze.b", "silver.a", "bronze.a"],
  ],
  ["limit", "select id from bronze.a limit (select max(id) from bronze.b)", ["bronze.a", "bronze.b"]],
  ["distinct on", "select distinct on ((select 1 from bronze.b)) id from bronze.a", ["bronze.b", "bronze.a"]],
  [
    "qualify and a window",
    "select id from bronze.a qualify row_number() over (partition by (select 1 from bronze.b) order by id) = 1",
    ["bronze.a", "bronze.b"],
  ],
  ["an aggregate's filter", "select sum(id) filter (where id in (select id from bronze.b)) from bronze.a", ["bronze.b", "bronze.a"]],
  [
    "a join condition",
    "select 1 from bronze.a left join silver.a s on s.id = (select max(id) from bronze.b)",
    ["bronze.a", "silver.a", "bronze.b"],
  ],
  ["star with replace", "select * replace ((select 1 from bronze.b) as x) from bronze.a", ["bronze.b", "bronze.a"]],
  [
    "set operations",
    "select id from bronze.a union all select id from bronze.b except (select id from silver.a intersect select 1)",
    ["bronze.a", "bronze.b", "silver.a"],
  ],
  [
    "a CTE over set operations",
    "with c as (select 1 as n from bronze.a) select n from c union all select n from c union select id from bronze.b",
    ["bronze.a", "bronze.b"],
  ],
  ["from before select", "from bronze.a select id", ["bronze.a"]],
  ["from alone", "from bronze.a", ["bronze.a"]],
  ["table", "table bronze.a", ["bronze.a"]],
  ["values", "values ((select max(id) from bronze.a))", ["bronze.a"]],
  ["values as a table", "select * from (values (1), ((select max(id) from bronze.a))) as v(n)", ["bronze.a"]],
  ["a table function", "select * from range((select max(id) from bronze.a)::bigint)", ["bronze.a"]],
  ["pivot", "select * from bronze.a pivot (sum(x) for g in ('p', 'q'))", ["bronze.a"]],
  ["a pivot statement", "pivot bronze.a on g in ('p', 'q') using sum(x)", ["bronze.a"]],
  ["a pivot of a subquery", "select * from (pivot (select g, x from bronze.a) on g in ('p') using sum(x))", ["bronze.a"]],
  ["unpivot", "select * from (unpivot bronze.a on x, id into name k value v)", ["bronze.a"]],
  [
    "asof, semi, anti and positional joins",
    "select 1 from bronze.a semi join bronze.b using (id) anti join silver.a using (id) positional join bronze.b as c",
    ["bronze.a", "bronze.b", "silver.a", "bronze.b"],
  ],
  ["a table sample", "select 1 from bronze.a tablesample 10%", ["bronze.a"]],
  ["letters of several bytes before the name", "select '日本é' from bronze.a", ["bronze.a"]],
];

describe("tableReferences", () => {
  it.each(cases)("finds each table once: %s", async (_what, text, names) => {
    await duckdb.describe(text);
    expect(await namesIn(text)).toEqual(names);
  });

  it("tells a name without its layer, and one with a catalog", async () => {
    expect(await namesIn("select * from a, 'files/*.csv', memory.bronze.b")).toEqual(["a", "files/*.csv", "memory.bronze.b"]);
  });

  it("does not take a CTE for known outside of its query or before it is defined", async () => {
    expect(await namesIn("select * from a union all (with a as (select 1) select * from a)")).toEqual(["a"]);
    expect(await namesIn("with b as (select * from c), c as (select 1) select * from b")).toEqual(["c"]);
  });

  it("follows queries nested 200 deep", async () => {
    const deep = Array.from({ length: 200 }).reduce<string>((text) => `(select * from ${text})`, "bronze.a");
    expect(await namesIn(`select * from ${deep}`)).toEqual(["bronze.a"]);
  });
});
