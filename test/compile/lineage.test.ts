import { beforeAll, describe, expect, it } from "vitest";
import { outputColumns } from "../../src/compile/lineage.ts";
import { t } from "../../src/define/types.ts";
import { type TestAnalyzer, testAnalyzer } from "./analyzer.ts";

const a = {
  id: t.integer(),
  n: t.integer(),
  x: t.integer({ nullable: true }),
  s: t.varchar({ nullable: true }),
  f: t.boolean({ nullable: true }),
  d: t.date(),
  j: t.json(),
};
const b = { id: t.integer(), a_id: t.integer({ nullable: true }), y: t.integer(), z: t.integer({ nullable: true }), flag: t.boolean() };
let duckdb: TestAnalyzer;
beforeAll(async () => {
  duckdb = await testAnalyzer({ "bronze.a": a, "bronze.b": b, "silver.a": a });
});

/** `no`, `yes` and `unknown` of every column, in order; `-` for a query that is not followed. Every text has to bind. */
async function nullabilities(text: string): Promise<string> {
  await duckdb.describe(text);
  const outputs = outputColumns((await duckdb.tree(text)).node, duckdb.columns);
  return outputs === null ? "-" : outputs.map((output) => output.nullability).join(" ");
}

const cases: readonly (readonly [text: string, expected: string])[] = [
  // Plain columns, and WHERE.
  ["select id, x from bronze.a", "no yes"],
  ["select a.id, A.X from bronze.a", "no yes"],
  ["select x from bronze.a where x is not null", "no"],
  ["select x, s from bronze.a where x > 1", "no yes"],
  ["select x from bronze.a where 1 <= x and n = 2", "no"],
  ["select x from bronze.a where x > 1 or n = 2", "yes"],
  ["select x from bronze.a where x is null", "yes"],
  ["select x from bronze.a where not (x is null)", "no"],
  ["select x from bronze.a where not (x = 3)", "no"],
  ["select x from bronze.a where x in (1, 2)", "no"],
  ["select x from bronze.a where x not in (1, 2)", "no"],
  ["select x from bronze.a where x in (select id from bronze.b)", "no"],
  ["select x from bronze.a where x not in (select id from bronze.b)", "yes"],
  ["select x from bronze.a where x between 1 and 2", "no"],
  ["select x from bronze.a where x not between 1 and n", "no"],
  ["select x from bronze.a where x is distinct from 3", "yes"],
  ["select x from bronze.a where x is not distinct from n", "yes"],
  ["select x from bronze.a where x + 1 > 2", "no"],
  ["select x from bronze.a where coalesce(x, 0) > 2", "yes"],
  ["select x from bronze.a where cast(x as varchar) = '1'", "no"],
  ["select x from bronze.a where x = (select max(id) from bronze.b)", "no"],
  ["select s, f from bronze.a where s like 'a%' and f", "no no"],
  ["select f from bronze.a where not f", "no"],
  // A name of the SELECT hides nothing: in WHERE the table's column is meant.
  ["select n as x from bronze.a where x > 1", "no"],
  ["select x as n from bronze.a where n > 1", "yes"],
  // Joins.
  ["select a.id, b.y from bronze.a join bronze.b on b.a_id = a.id", "no no"],
  ["select b.a_id, b.z from bronze.a join bronze.b on b.a_id = a.id", "no yes"],
  ["select a.id, b.y from bronze.a left join bronze.b on b.a_id = a.id", "no yes"],
  ["select a.id, b.y from bronze.a right join bronze.b on b.a_id = a.id", "yes no"],
  ["select a.id, b.y from bronze.a full join bronze.b on b.a_id = a.id", "yes yes"],
  ["select a.id, b.y from bronze.a cross join bronze.b", "no no"],
  ["select a.id, b.y from bronze.a, bronze.b where b.a_id = a.x", "no no"],
  ["select a.id, b.y from bronze.a positional join bronze.b", "yes yes"],
  ["select a.id, b.y from bronze.a asof left join bronze.b on a.id = b.id and a.n >= b.y", "no yes"],
  ["select id from bronze.a semi join bronze.b using (id)", "no"],
  ["select * exclude (d, j, s, f) from bronze.a anti join bronze.b using (id)", "-"],
  ["select * from bronze.b anti join bronze.a using (id)", "-"],
  ["select b.y, b.z from bronze.a left join bronze.b on b.a_id = a.id where b.id is not null", "no yes"],
  ["select b.y from bronze.a left join bronze.b on b.a_id = a.id where b.flag", "no"],
  ["select y from bronze.a left join bronze.b on b.a_id = a.id where y > 0", "no"],
  ["select b.y, c.y from bronze.a left join bronze.b on b.a_id = a.id join bronze.b as c on c.id = b.id", "no no"],
  ["select b.y from bronze.a left join (bronze.b join silver.a as c on c.id = b.id) on b.a_id = a.id", "yes"],
  ["select a.x from (bronze.a join bronze.b on a.x = b.id) left join silver.a as c on c.id = a.id", "yes"],
  // One name of two tables joined by USING is neither of them alone.
  ["select id, b.id from bronze.a left join bronze.b using (id)", "no yes"],
  ["select id, b.id from bronze.a left join bronze.b using (id) where id > 0", "no yes"],
  ["select id, a.id from bronze.a right join bronze.b using (id)", "no yes"],
  ["select id, a.id, b.id from bronze.a full join bronze.b using (id)", "unknown yes yes"],
  ["select id from bronze.a full join bronze.b using (id) where id is not null", "no"],
  ["select * from bronze.a left join bronze.b using (id)", "-"],
  ["select * from bronze.a natural join bronze.b", "-"],
  // Two tables of one name.
  ["select silver.a.id from bronze.a left join silver.a on bronze.a.id = silver.a.id", "-"],
  // Expressions.
  ["select x + 1, n + 1, -n, x || 'a', n % 2 from bronze.a", "yes no no yes unknown"],
  ["select coalesce(x, n), coalesce(x, a.x), coalesce(x, x + 1, 0) from bronze.a", "no yes no"],
  ["select nullif(n, 1), case when n > 1 then n else 0 end, case when n > 1 then n end from bronze.a", "unknown unknown unknown"],
  ["select cast(n as varchar), n::decimal(10, 2), cast(x as varchar), try_cast(s as integer) from bronze.a", "no no yes unknown"],
  ["select j, j::varchar, j::integer, (n::json)::integer, (j->>'k') from bronze.a", "no unknown unknown unknown unknown"],
  ["select 1, 'a', true, null, null::integer from bronze.a", "no no no yes yes"],
  ["select x = 1, n = 1, x is null, x is distinct from 1, x is not distinct from n from bronze.a", "yes no no no no"],
  ["select strftime(d, '%Y'), date_trunc('month', d), year(d) from bronze.a", "no no unknown"],
  ["select lower(s), length(s), lower('A') from bronze.a", "yes yes no"],
  ["select (select max(y) from bronze.b), exists(select 1 from bronze.b) from bronze.a", "unknown unknown"],
  [
    "select row_number() over (), rank() over (order by id), dense_rank() over (order by id), percent_rank() over (order by id), cume_dist() over (order by id), count(*) over (), count(id) filter (where id = '1') over (rows 1 preceding), sum(1) over (), lag(id) over (order by id) from bronze.a",
    "no no no no no no no unknown unknown",
  ],
  ["select coalesce(x, 0) as k, k + 1 as l from bronze.a", "no unknown"],
  // Aggregates.
  ["select count(*), count(x), count(*) filter (where x > 1) from bronze.a", "no no no"],
  ["select sum(n), min(n), avg(n), coalesce(sum(n), 0) from bronze.a", "unknown unknown unknown no"],
  ["select n, sum(n), max(x), sum(n) filter (where x > 1), first(n) from bronze.a group by n", "no no unknown unknown unknown"],
  ["select n, sum(n) from bronze.a group by all", "no no"],
  ["select sum(n) from bronze.a group by all", "unknown"],
  ["select sum(n), 5 from bronze.a group by all", "unknown no"],
  ["select sum(n) from bronze.a group by ()", "unknown"],
  ["select n, sum(n), count(*) from bronze.a group by rollup (n)", "unknown unknown no"],
  ["select n, id, n + 1 from bronze.a group by cube (n, id)", "unknown unknown unknown"],
  ["select sum(1) from bronze.a group by grouping sets ((), (n))", "unknown"],
  ["select x, sum(n) from bronze.a where x is not null group by x", "no no"],
  // Subqueries and CTEs.
  ["select s.id, s.x from (select id, x from bronze.a) as s", "no yes"],
  ["select s.id, s.x from (select x, id from bronze.a) as s(id, x)", "yes no"],
  ["select t.x from bronze.a as t(x)", "no"],
  ["select k.y from bronze.a left join (select id, y from bronze.b) as k on k.id = a.id", "yes"],
  ["with c as (select id, x from bronze.a where x = 1) select * from c", "no no"],
  ["with c(x, id) as (select id, x from bronze.a) select x, id from c", "no yes"],
  ["with a as (select id, x as n from bronze.a) select a.n from a", "yes"],
  ["with c as (select id from bronze.a), d as (select c.id from bronze.b left join c on c.id = b.id) select id from d", "yes"],
  ["with recursive r as (select id from bronze.a union all select null from r where id < 0) select id from r", "-"],
  ["select l.y from bronze.a, lateral (select b.y from bronze.b where b.id = a.id) l", "no"],
  ["from bronze.b", "no yes no yes no"],
  ["select b.* from bronze.a left join bronze.b on b.id = a.id", "yes yes yes yes yes"],
  ["select * from (values (1), (null)) as v(n)", "-"],
  ["select * from range(3)", "-"],
  // Set operations.
  ["select id from bronze.a union all select x from bronze.a", "yes"],
  ["select id from bronze.a union select y from bronze.b", "no"],
  ["select id from bronze.a except select x from bronze.a", "no"],
  ["select x from bronze.a except select id from bronze.a", "yes"],
  ["select x from bronze.a intersect select id from bronze.a", "no"],
  ["select x from bronze.a intersect select z from bronze.b", "yes"],
  ["select id from bronze.a union all by name select y from bronze.b", "-"],
];

describe("outputColumns", () => {
  it.each(cases)("%s → %s", async (text, expected) => {
    expect(await nullabilities(text)).toBe(expected);
  });

  it("knows where a column comes from, whatever lies between", async () => {
    const text = "with c as (select x as k from bronze.a as o) select c.k, b.y, b.y + 1 as w from c join bronze.b as o on true";
    const outputs = outputColumns((await duckdb.tree(text.replaceAll("b.y", "o.y"))).node, duckdb.columns);
    expect(outputs?.map(({ name, origin }) => [name, origin === null ? null : `${origin.table}.${origin.column}`, origin?.alias])).toEqual([
      ["k", "bronze.a.x", ""],
      ["y", "bronze.b.y", "o"],
      ["w", null, undefined],
    ]);
  });
});
