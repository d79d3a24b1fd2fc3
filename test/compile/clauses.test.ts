import { describe, expect, it } from "vitest";
import { clausesOf, withoutSemicolon } from "../../src/compile/clauses.ts";

/** Text → [text of FROM, text of WHERE], trimmed. */
const cuts: readonly (readonly [text: string, from: string, where: string | null])[] = [
  ["select a from t", "t", null],
  ["SELECT a\nFROM t\nWHERE b > 1", "t", "b > 1"],
  ["select a from t where b group by a having c order by d limit 1", "t", "b"],
  ["select a from t where b qualify row_number() over () = 1", "t", "b"],
  ["select a from t where b window w as (partition by c)", "t", "b"],
  ["select a from t using sample 10%", "t", null],
  ["select a from t where b using sample 10%", "t", "b"],
  ["select a from t join u using (k) where b", "t join u using (k)", "b"],
  ["select a from t join u using(k)\nusing sample 5", "t join u using(k)", null],
  ["select a from t offset 3", "t", null],
  ["select 'from x where y' from t where b = 'where '' from'", "t", "b = 'where '' from'"],
  ['select "from" from "where" where "order" = 1', '"where"', '"order" = 1'],
  ["select a -- from x\n from t /* where c */ where b", "t /* where c */", "b"],
  ["select $$ from x $$, $q$ where $$ $q$ from t where b", "t", "b"],
  ["select e'it\\' from x' from t where b", "t", "b"],
  ["select a is distinct from b from t where b", "t", "b"],
  ["select a is not distinct from b, c is distinct from d from t", "t", null],
  ["select extract(year from d) from t where extract(month from d) = 1", "t", "extract(month from d) = 1"],
  ["select (select max(x) from u where y) from t where b in (select z from v order by z)", "t", "b in (select z from v order by z)"],
  ["select case when a then b end from t where case when c then d end", "t", "case when c then d end"],
  ["select [x for x in l if x], {'from': 1} from t where b", "t", "b"],
  ["with c as (select 1 from u where w) select a from c where b", "c", "b"],
  ["/* contract: x */ -- select\nselect a from t where b", "t", "b"],
  ["select a from t where b;", "t", "b"],
  ["select a from t where b ; -- ;\n", "t", "b"],
  ["select a from t -- ;", "t -- ;", null],
  ["select a from (t) where b -- done", "(t)", "b -- done"],
  ["select $from as a from t where b > $where", "t", "b > $where"],
  ["select a from t where b ilike '%x%' escape '$'", "t", "b ilike '%x%' escape '$'"],
];

describe("clausesOf", () => {
  it.each(cuts)("cuts %s", (text, from, where) => {
    const clauses = clausesOf(text);
    expect([clauses?.from.trim(), clauses?.where?.trim() ?? null]).toEqual([from, where]);
  });

  it.each([
    "select 1",
    "select a from t union select a from u",
    "(select a from t) except select a from u",
    "from t select a",
    "from t",
    "values (1)",
    "table t",
    "(select a from t)",
    "",
  ])("leaves %s alone", (text) => {
    expect(clausesOf(text)).toBeNull();
  });

  it("keeps everything before SELECT", () => {
    expect(clausesOf("/* x */ with c as (select 1)\nselect a from c")?.prefix).toBe("/* x */ with c as (select 1)\n");
  });
});

describe("withoutSemicolon", () => {
  it.each([
    ["select 1", "select 1"],
    ["select 1;", "select 1"],
    ["select 1 ;\n", "select 1 "],
    ["select 1; -- the end", "select 1"],
    ["select 1 /* a */ ; /* ; */ ;", "select 1 /* a */ "],
    ["select ';' -- ;", "select ';' -- ;"],
    ["select $$;$$", "select $$;$$"],
  ])("makes %s end at the query", (text, expected) => {
    expect(withoutSemicolon(text)).toBe(expected);
  });
});
