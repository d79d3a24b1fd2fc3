import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { UpstreamLink } from "../../../src/compile/incremental/upstream-link.ts";
import { t } from "../../../src/define/types.ts";
import { errorsOf } from "../analyzer.ts";
import { type Case, createReplay, type Replay } from "./replay.ts";

const n = { nullable: true } as const;
let replay: Replay;
beforeAll(async () => {
  replay = await createReplay(
    {
      "bronze.o": { id: t.integer(n), a: t.integer(n), v: t.decimal(10, 2, n), ts: t.timestamp(n), f: t.double(n), big: t.bigint(n) },
      "bronze.i": { k: t.integer(n), a: t.integer(n), s: t.varchar(n), from_at: t.timestamp(n) },
      "bronze.p": { id: t.integer(n), s: t.varchar(n) },
    },
    { "silver.w": "select id, a, v from bronze.o where v > 0", "silver.last": "select id, a from bronze.o order by v limit 1" },
  );
});
afterAll(() => replay.close());

type Request = Pick<Case, "sql" | "by" | "touches" | "ignoreChanges">;

async function planOf(item: Request) {
  const planned = await replay.plan(item);
  if (typeof planned === "string") throw new Error(planned);
  return planned.plan;
}

/** `o: through` for a linked table, `o! reason` for a full one. */
const shown = (link: UpstreamLink): string => {
  const name = link.table.replace("bronze.", "");
  if (link.kind === "linked") return `${name}: ${link.through}`;
  return link.kind === "full" ? `${name}! ${link.reason}` : `${name} ${link.kind}`;
};

const oi = "from bronze.o join bronze.i on i.k = o.id";

/** What stands in the model, its SQL, `by`, and for each table how it is followed. */
const verdicts: readonly (readonly [string, string, string, readonly (string | RegExp)[]])[] = [
  ["a projection", "select id, v from bronze.o", "id", ["o: id"]],
  ["an expression", "select ts::date as day, sum(v) as v from bronze.o group by all", "day", ["o: ts"]],
  ["a floating-point constant", "select id, v from bronze.o where f > 1.5e3", "id", ["o: id"]],
  ["an inner join", `select o.id, i.s ${oi}`, "id", ["o: id", "i: i.k = o.id"]],
  ["a comma join", "select o.a, i.s from bronze.o, bronze.i where i.k = o.id", "a", ["o: a", "i: i.k = o.id"]],
  [
    "a cross join before another",
    "select o.a from bronze.p cross join bronze.o join bronze.i on i.k = o.id and i.s = p.s",
    "a",
    ["p: p.s = i.s and i.k = o.id", "o: a", "i: i.k = o.id"],
  ],
  ["a self join", "select x.id from bronze.o as x join bronze.o as y on x.a = y.id", "id", ["o: id; y.id = x.a"]],
  ["GROUP BY with HAVING", "select a, count(*) as c from bronze.o group by 1 having count(*) > 1", "a", ["o: a"]],
  ["DISTINCT", "select distinct a, v from bronze.o", "a", ["o: a"]],
  [
    "a CTE",
    "with c as (select k, count(*) as c from bronze.i group by k) select o.id, c.c from bronze.o join c on c.k = o.id",
    "id",
    ["i: c.k = o.id", "o: id"],
  ],
  ["CTE column names", "with c(x, y) as (select k, s from bronze.i) select y, x from c", "x", ["i: k"]],
  ["a FROM subquery", "select q.x from (select a as x from bronze.o) as q", "x", ["o: a"]],
  ["a view", "select w.a, i.s from silver.w join bronze.i on i.k = w.id", "a", ["o: a", "i: i.k = w.id"]],
  ["LEFT", "select o.id, i.s from bronze.o left join bronze.i on i.k = o.id", "id", ["o: id", "i: i.k = o.id"]],
  ["RIGHT", "select o.id, i.s from bronze.i right join bronze.o on i.k = o.id", "id", ["i: i.k = o.id", "o: id"]],
  ["FULL", "select coalesce(o.id, i.k) as id from bronze.o full join bronze.i on i.k = o.id", "id", [/^o: /, /^i: /]],
  ["USING", "select a, v, s from bronze.o join bronze.i using (a)", "a", ["o: a", "i: i.a = o.a"]],
  ["SEMI", "select o.id from bronze.o semi join bronze.i on i.k = o.id", "id", ["o: id", "i: i.k = o.id"]],
  ["ANTI", "select o.id from bronze.o anti join bronze.i on i.k = o.id", "id", ["o: id", "i: i.k = o.id"]],
  ["ASOF", "select o.id, i.s from bronze.o asof join bronze.i on i.a = o.a and o.ts >= i.from_at", "id", ["o: id", "i: i.a = o.a"]],
  [
    "a half-open join",
    "select o.id, i.s from bronze.o join bronze.i on i.k = o.id and o.ts >= i.from_at",
    "id",
    ["o: id", "i: i.k = o.id"],
  ],
  ["UNION ALL", "select id, v from bronze.o union all select k, 0 from bronze.i", "id", ["o: id", "i: k"]],
  ["UNION of other types", "select id, v from bronze.o union select k::bigint, 0 from bronze.i", "id", ["o: id", "i: k"]],
  ["EXCEPT", "select id from bronze.o except select k from bronze.i", "id", ["o: id", "i: k"]],
  ["INTERSECT ALL", "select id from bronze.o intersect all select k from bronze.i", "id", ["o: id", "i: k"]],
  ["UNION BY NAME", "select id from bronze.o union by name select k as id from bronze.i", "id", [/^o! UNION BY NAME/, /^i! UNION BY NAME/]],
  ["EXISTS", "select id from bronze.o where exists (select 1 from bronze.i where i.k = o.id)", "id", ["o: id", "i: i.k = o.id"]],
  ["NOT EXISTS", "select id from bronze.o where not exists (select 1 from bronze.i where i.k = o.id)", "id", ["o: id", "i: i.k = o.id"]],
  ["a scalar subquery", "select id, (select max(s) from bronze.i where i.k = o.id) as s from bronze.o", "id", ["o: id", "i: i.k = o.id"]],
  [
    "LIMIT in a correlated subquery",
    "select id, (select s from bronze.i where i.k = o.id order by s limit 1) as s from bronze.o",
    "id",
    ["o: id", "i: i.k = o.id"],
  ],
  ["IN", "select id from bronze.o where id in (select k from bronze.i)", "id", ["o: id", "i: i.k = o.id"]],
  ["IN below OR", "select id from bronze.o where v > 1 or id in (select k from bronze.i)", "id", ["o: id", "i: i.k = o.id"]],
  [
    "NOT IN with a correlation",
    "select id from bronze.o where a not in (select a from bronze.i where i.k = o.id)",
    "id",
    ["o: id", "i: i.k = o.id"],
  ],
  ["NOT IN", "select id from bronze.o where id not in (select k from bronze.i)", "id", ["o: id", /^i! .*without an equality/]],
  [
    "IN with LIMIT",
    "select id from bronze.o where id in (select k from bronze.i order by k limit 2)",
    "id",
    ["o: id", /^i! .*without an equality/],
  ],
  [
    "IN in CASE",
    "select id from bronze.o where case when id in (select k from bronze.i) then true else v > 0 end",
    "id",
    ["o: id", /^i! .*without an equality/],
  ],
  [
    "an uncorrelated scalar subquery",
    "select id, (select max(s) from bronze.i) as s from bronze.o",
    "id",
    ["o: id", /^i! .*without an equality/],
  ],
  ["an uncorrelated EXISTS", "select id from bronze.o where exists (select 1 from bronze.i)", "id", ["o: id", /^i! .*without an equality/]],
  ["a window over the key", "select id, sum(v) over (partition by id) as v from bronze.o", "id", ["o: id"]],
  [
    "a window over an expression of the key",
    "select ts::date as day, rank() over (partition by ts::date order by v) as r from bronze.o",
    "day",
    ["o: ts"],
  ],
  ["a window over another column", "select id, rank() over (partition by a order by v) as r from bronze.o", "id", ["o: a"]],
  ["QUALIFY", "select id, v from bronze.o qualify rank() over (partition by id order by v) = 1", "id", ["o: id"]],
  ["DISTINCT ON", "select distinct on (id) id, v from bronze.o order by id, v", "id", ["o: id"]],
  ["over ()", "select id, count(*) over () as c from bronze.o", "id", [/^o! its window functions/]],
  ["a window over groups", "select id, rank() over (order by sum(v)) as r from bronze.o group by id", "id", [/^o! its window functions/]],
  ["by from an aggregate", "select a, max(id) as m from bronze.o group by a", "m", [/^o! it is the result of an aggregate: materialize/]],
  [
    "by from a window",
    "select a, row_number() over (partition by a order by id) as r from bronze.o",
    "r",
    [/^o! it is the result of a window/],
  ],
  [
    "by from a subquery",
    "select o.id, (select max(a) from bronze.i where i.k = o.id) as m from bronze.o",
    "m",
    [/^o! .* subquery/, /^i! .* subquery/],
  ],
  ["LIMIT", "select id from bronze.o order by v, id limit 3", "id", [/^o! LIMIT/]],
  [
    "LIMIT in a CTE",
    "with c as (select k from bronze.i order by k limit 3) select o.id from bronze.o join c on c.k = o.id",
    "id",
    [/^i! LIMIT/, "o: id"],
  ],
  ["LIMIT in a view", "select last.id from silver.last", "id", [/^o! LIMIT/]],
  ["SAMPLE", "select id from bronze.o using sample 10%", "id", [/^o! a sample/]],
  ["ROLLUP", "select id, count(*) as c from bronze.o group by rollup (id)", "id", [/^o! ROLLUP/]],
  ["a range join", "select o.id, i.s from bronze.o join bronze.i on o.ts >= i.from_at", "id", ["o: id", /^i! no equality/]],
  ["a join by an expression", "select o.id, i.s from bronze.o join bronze.i on o.id + 1 = i.k", "id", ["o: id", /^i! no equality/]],
  ["a join below OR", "select o.id from bronze.o join bronze.i on o.id = i.k or o.a = i.a", "id", ["o: id", /^i! no equality/]],
  ["a join of other types", "select o.id, i.s from bronze.o join bronze.i on o.big = i.k", "id", ["o: id", /^i! no equality/]],
  ["a join of floating-point numbers", "select x.id from bronze.o as x join bronze.o as y on x.f = y.f", "id", [/^o! no equality/]],
  [
    "a recursive CTE",
    "with recursive r as (select id from bronze.o union all select id + 1 from r where id < 3) select id from r",
    "id",
    [/^o! /],
  ],
  ["NATURAL", "select id from bronze.o natural join bronze.i", "id", [/^o! .*NATURAL/, /^i! .*NATURAL/]],
  ["POSITIONAL", "select o.id from bronze.o positional join bronze.p", "id", [/^o! .*POSITIONAL/, /^p! .*POSITIONAL/]],
  [
    "LATERAL",
    "select o.id, l.c from bronze.o, lateral (select count(*) as c from bronze.i where i.k = o.id) as l",
    "id",
    ["o: id", /^i! .*LATERAL/],
  ],
  ["a table function", "select o.id from bronze.o, range(3) as r", "id", [/^o! it reads a table function/]],
  ["unnest", "select id, unnest([1, 2]) as u from bronze.o", "id", [/^o! unnest/]],
  ["VALUES", "select o.id, x.b from bronze.o join (values (1, 2)) as x(a, b) on x.a = o.id", "id", [/^o! .*VALUES/]],
  ["COLLATE", "select id from bronze.o join bronze.i on i.s collate nocase = 'x'", "id", [/^o! COLLATE/, /^i! COLLATE/]],
  ["a constant", "select 'web' as channel, id from bronze.o union all select 'shop', k from bronze.i", "channel", ["o: ", "i: "]],
  ["a WITH query that nothing reads", "with c as (select k from bronze.i) select id from bronze.o", "id", [/^i! .*nothing reads/, "o: id"]],
  ["a star", "select * from bronze.p", "id", ["p: id"]],
  ["a star with EXCLUDE and REPLACE", "select * exclude (s) replace (id + 1 as id) from bronze.p", "id", ["p: id"]],
  ["a star of a USING join", "select * from bronze.p join bronze.i using (s)", "s", ["p: s", "i: i.s = p.s"]],
];

describe("what becomes of a change, by construct", () => {
  it.each(verdicts)("%s", async (_title, sql, by, expected) => {
    const { upstreams } = await planOf({ sql, by: [by] });
    const place = (text: string | RegExp): number => text.toString().replace(/\W/g, "").charCodeAt(0);
    const found = upstreams.map(shown).toSorted((a, b) => place(a) - place(b));
    expect(found).toHaveLength(expected.length);
    for (const [index, item] of [...expected].sort((a, b) => place(a) - place(b)).entries()) {
      if (typeof item === "string") expect(found[index]).toBe(item);
      else expect(found[index]).toMatch(item);
    }
  });
});

/** A model's SQL, `by`, and what its spliced text holds, or why it is not spliced. */
const splices: readonly (readonly [string, string, string, readonly string[] | string])[] = [
  ["the table of by", "select id, v from bronze.o", "id", ["bronze.o AS r"]],
  ["both sides of an equality", `select o.id, i.s ${oi}`, "id", ["bronze.o AS r", "bronze.i AS r"]],
  ["an expression", "select ts::date as day, v from bronze.o", "day", ["CAST(l0c3 AS DATE) AS computed_0"]],
  ["the optional side, by its equality", "select o.id, i.s from bronze.o left join bronze.i on i.k = o.id", "id", ["bronze.i AS r"]],
  ["through a CTE", "with c as (select k, max(s) as s from bronze.i group by k) select k, s from c", "k", ["bronze.i AS r"]],
  ["through a view", "select id, a from silver.w", "id", ["bronze.o AS r"]],
  ["both sides of a UNION", "select id from bronze.o union select k from bronze.i", "id", ["bronze.o AS r", "bronze.i AS r"]],
  ["whole partitions", "select id, rank() over (partition by id order by v) as r from bronze.o", "id", ["bronze.o AS r"]],
  [
    "not parts of partitions",
    "select id, rank() over (partition by a order by v) as r from bronze.o",
    "id",
    "its window functions or DISTINCT ON look at rows of more than one value of id",
  ],
  [
    "not a nullable provider",
    "select i.k, o.id from bronze.o left join bronze.i on i.k = o.id",
    "k",
    "o has no column that equals k in every row; i has no column that equals k in every row",
  ],
  [
    "not a CTE that is read twice",
    "with c as (select id, a from bronze.o) select x.id from c as x join c as y on y.a = x.a",
    "id",
    "the WITH query c is read more than once; y has no column that equals id in every row",
  ],
  [
    "not below a CTE called touched",
    "with touched as (select id from bronze.o) select id from touched",
    "id",
    "a WITH query is called touched, as the values are",
  ],
  [
    "not the choice of an ASOF join",
    "select i.k as k from bronze.o asof join bronze.i on i.a = o.a and o.ts >= i.from_at",
    "k",
    "o has no column that equals k in every row; i has no column that equals k in every row",
  ],
  ["not below LIMIT", "select id from bronze.o order by id limit 1", "id", "LIMIT picks its rows: which ones depends on all others"],
];

describe("spliced SQL", () => {
  it.each(splices)("restricts %s", async (_title, sql, by, parts) => {
    const { splice } = await planOf({ sql, by: [by] });
    if (typeof parts === "string") expect(splice).toEqual({ why: parts });
    else for (const part of parts) expect(splice).toEqual({ text: expect.stringContaining(part) });
  });
});

describe("what a user has to correct", () => {
  const errors: readonly (readonly [string, Request, string])[] = [
    [
      "now()",
      { sql: "select id, now()::varchar as n from bronze.o", by: ["id"] },
      "INCREMENTAL_INVALID gold.model is incremental and uses now()",
    ],
    ["current_date", { sql: "select id from bronze.o where ts < current_date", by: ["id"] }, "uses current_date"],
    ["random()", { sql: "select id from bronze.o where random() < 0.5", by: ["id"] }, "uses random()"],
    ["age of one time", { sql: "select id, age(ts)::varchar as age from bronze.o", by: ["id"] }, "uses age()"],
    ["rowid", { sql: "select o.id, o.rowid as r from bronze.o", by: ["id"] }, "uses rowid"],
    ["by without a column", { sql: "select id from bronze.o", by: ["day"] }, "COLUMN_UNKNOWN gold.model: incremental by names day"],
    ["by of DOUBLE", { sql: "select id, f from bronze.o", by: ["f"] }, "incremental by f is DOUBLE"],
    ["by of JSON", { sql: "select id, s::json as j from bronze.p", by: ["j"] }, "incremental by j is JSON"],
    [
      "touches of another table",
      { sql: "select id from bronze.o", by: ["id"], touches: { "bronze.i": "select 1" } },
      "touches names bronze.i",
    ],
    [
      "ignoreChanges of another table",
      { sql: "select id from bronze.o", by: ["id"], ignoreChanges: ["bronze.i"] },
      "ignoreChanges names bronze.i",
    ],
    [
      "touches that does not bind",
      { sql: "select id from bronze.o", by: ["id"], touches: { "bronze.o": "select x from nowhere" } },
      "touches of bronze.o",
    ],
    [
      "touches of another type",
      { sql: "select id from bronze.o", by: ["id"], touches: { "bronze.o": 'select s as id from bronze.p, "delta bronze.o"' } },
      "yields id VARCHAR, not id INTEGER",
    ],
    [
      "touches with another column",
      { sql: "select id from bronze.o", by: ["id"], touches: { "bronze.o": 'select a from "delta bronze.o"' } },
      "yields a INTEGER, not id INTEGER",
    ],
    [
      "touches with now()",
      { sql: "select id from bronze.o", by: ["id"], touches: { "bronze.o": "select id from bronze.o where ts < now()" } },
      "uses now()",
    ],
  ];
  it.each(errors)("%s", async (_title, item, message) => {
    const found = await errorsOf(() => replay.plan(item));
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(message);
  });
});

describe("what a model declares itself", () => {
  const sql = "select o.id, i.s from bronze.o join bronze.i on o.id between i.k and i.a";

  it("takes touches in place of a full build", async () => {
    const touches = { "bronze.i": 'select o.id from bronze.o join "delta bronze.i" as d on o.id between d.k and d.a' };
    const planned = await replay.plan({ sql, by: ["id"], touches });
    if (typeof planned === "string") throw new Error(planned);
    expect(planned.plan.upstreams.map(shown)).toEqual(["o: id", "i declared"]);
    const rows = { "bronze.o": ["1", "2", "3"].map((id) => [id, "0", "0", "null", "0", "0"]), "bronze.i": [["1", "2", "'x'", "null"]] };
    const refreshes = [[[{ table: "bronze.i", kind: "update", at: 0, row: ["2", "3", "'y'", "null"] }]]] as const;
    const [refreshed] = await replay.run({ sql, by: ["id"], rows, refreshes, touches }, planned);
    expect(refreshed).toMatchObject({ how: "mapped", touched: 3, changedRows: 4, difference: [] });
  });

  it("ignores the changes it is told to", async () => {
    const { upstreams } = await planOf({ sql, by: ["id"], ignoreChanges: ["bronze.i"] });
    expect(upstreams.map(shown)).toEqual(["o: id", "i ignored"]);
  });
});

describe("warnings", () => {
  const warned: readonly (readonly [string, string])[] = [
    ["select id, first(s) as s from bronze.o join bronze.i on i.k = o.id group by id", "first without ORDER BY"],
    ["select id, string_agg(s, ',') as s from bronze.o join bronze.i on i.k = o.id group by id", "string_agg without ORDER BY"],
    ["select id, sum(f) as f from bronze.o group by id", "sum of floating-point"],
    ["select id, avg(v / 2) as f from bronze.o group by id", "avg of floating-point"],
    ["select id, approx_count_distinct(a) as c from bronze.o group by id", "approx_count_distinct is approximate"],
    ["select id, row_number() over (partition by id order by ts) as r from bronze.o", "row_number over"],
    ["select id, arg_max(a, ts) as a from bronze.o group by id", "arg_max takes one of several"],
    ["select distinct on (id) id, a from bronze.o order by id, ts", "DISTINCT ON takes one"],
  ];
  it.each(warned)("%s", async (sql, text) => {
    expect((await planOf({ sql, by: ["id"] })).warnings.join("\n")).toContain(text);
  });

  it("says nothing where the rows decide", async () => {
    const sql =
      "select id, sum(v) as v, string_agg(s, ',' order by s) as s, count(*) as c, max(f) as f from bronze.o join bronze.i on i.k = o.id group by id";
    expect((await planOf({ sql, by: ["id"] })).warnings).toEqual([]);
  });
});
