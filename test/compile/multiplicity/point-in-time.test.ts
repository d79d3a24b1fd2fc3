import { describe, expect, it } from "vitest";
import { asOf } from "../../../src/define/as-of.ts";
import { check } from "../../../src/define/check.ts";
import { incremental, view } from "../../../src/define/materialization.ts";
import type { ModelDefinition } from "../../../src/define/model.ts";
import { sql } from "../../../src/define/sql.ts";
import { customerHistory, faultsOf, sqlModel } from "./retail.ts";

const history = "silver.customer_history";
const versionGrain = { grain: ["customer_id", "valid_from"] };
const viewOf = (text: string, parts = versionGrain): ModelDefinition => sqlModel("silver.seen", text, { ...parts, materialize: view() });

const faults = async (text: string, upstreams: readonly ModelDefinition[] = []): Promise<readonly string[]> =>
  (await faultsOf([customerHistory, ...upstreams, sqlModel("gold.m", text)])).map((error) => `${error.code} ${error.message}`);

const facts = "from bronze.orders o";
const joined = (condition: string, join = "left join"): string =>
  `select o.order_id, h.segment ${facts} ${join} ${history} h on h.customer_id = o.customer_id${condition}`;

describe("asOf", () => {
  it("writes the half-open condition", () => {
    expect(asOf("h", "o.ordered_at").text).toBe("(o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to)");
    expect(asOf({ name: "silver.customer_history" }, "o.day + 1").text).toBe(
      "((o.day + 1) >= silver.customer_history.valid_from and (o.day + 1) < silver.customer_history.valid_to)",
    );
  });

  it.each([
    [
      "by its alias",
      sql`select o.order_id, h.segment from bronze.orders o
      left join silver.customer_history as h on h.customer_id = o.customer_id and ${asOf("h", "o.ordered_at")}`,
    ],
    [
      "by its name",
      sql`select o.order_id, segment from bronze.orders o
      left join ${customerHistory} on customer_history.customer_id = o.customer_id and ${asOf(customerHistory, "o.ordered_at::timestamp")}`,
    ],
  ])("joins a history %s", async (_, { text }) => {
    expect(await faults(text)).toEqual([]);
  });
});

type Case = readonly [what: string, text: string, error: RegExp, upstreams?: readonly ModelDefinition[]];
const refused = (list: readonly Case[]) => list.map(([what, text, error, upstreams = []]) => [what, text, error, upstreams] as const);

describe("a history joined without a point in time", () => {
  it.each(
    refused([
      [
        "on the key alone",
        joined(""),
        /^POINT_IN_TIME_JOIN gold\.m joins the history silver\.customer_history as h without a point in time: each row meets every version of its key$/,
      ],
      ["in an inner join", joined("", "join"), /each row meets every version/],
      ["in WHERE", `select o.order_id ${facts}, ${history} h where h.customer_id = o.customer_id`, /as h without a point in time/],
      ["by USING", `select o.order_id ${facts} join ${history} using (customer_id)`, /as customer_history without a point in time/],
      ["with one bound", joined(" and o.ordered_at >= h.valid_from"), /valid_to is not compared, so all earlier versions are met/],
      ["with the other bound", joined(" and h.valid_to > o.ordered_at"), /valid_from is not compared, so all later versions are met/],
      ["with <= for the end", joined(" and o.ordered_at >= h.valid_from and o.ordered_at <= h.valid_to"), /valid_to is exclusive/],
      ["with > for the start", joined(" and h.valid_from < o.ordered_at and h.valid_to > o.ordered_at"), /valid_from is inclusive/],
      ["with BETWEEN", joined(" and o.ordered_at between h.valid_from and h.valid_to"), /BETWEEN takes both ends/],
      ["at two times", joined(" and o.ordered_at >= h.valid_from and now()::timestamp < h.valid_to"), /compared with two different times/],
      [
        "under OR",
        joined(" and (h.is_current or (o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to))"),
        /each row meets every version/,
      ],
      ["of versions that are over", joined(" and not h.is_current"), /each row meets every version/],
      ["of versions that are over, by comparison", joined(" and h.is_current = false"), /each row meets every version/],
      [
        "with another alias's condition",
        `select 1 as x ${facts} join ${history} h on h.customer_id = o.customer_id join ${history} g on g.customer_id = o.customer_id and g.is_current`,
        /as h without/,
      ],
      ["in a CTE", `with j as (${joined("")}) select * from j`, /as h without a point in time/],
      [
        "in a subquery of an expression",
        `select (select max(h.segment) ${facts} join ${history} h on h.customer_id = o.customer_id) as s from bronze.days`,
        /as h without/,
      ],
      ["in a branch of a UNION", `select 1 as order_id, 'x' as segment union all ${joined("")}`, /as h without/],
      [
        "through a CTE",
        `with v as (select * from ${history} where segment <> 'x') select o.order_id ${facts} join v on v.customer_id = o.customer_id`,
        /as v without/,
      ],
      [
        "through a subquery that hides the times",
        `select o.order_id, s.segment ${facts} join (select customer_id, segment from ${history}) s on s.customer_id = o.customer_id`,
        /as s without/,
      ],
      [
        "through a view",
        `select o.order_id ${facts} join silver.seen v on v.customer_id = o.customer_id`,
        /history silver\.customer_history \(read through silver\.seen\) as v without/,
        [viewOf(`select * from ${history}`)],
      ],
      [
        "as the first table",
        `select h.segment, o.total from ${history} h left join bronze.orders o on o.customer_id = h.customer_id`,
        /as h without/,
      ],
      [
        "as a part of the table of its key",
        `select c.state, h.segment from bronze.customers c join ${history} h using (customer_id)`,
        /as h without/,
      ],
      [
        "with a table without a key",
        `select h.segment, n.note from ${history} h join bronze.notes n on n.order_id = h.customer_id`,
        /as h without/,
      ],
    ]),
  )("is refused: %s", async (_, text, error, upstreams) => {
    const found = await faults(text, upstreams);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^POINT_IN_TIME_JOIN gold\.m/);
    expect(found[0]).toMatch(error);
  });

  it.each([
    ["the only time of the other table", joined(""), "and o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to", 1],
    [
      "a date",
      `select\n 1 as x\nfrom bronze.sales s\njoin ${history} as c on c.customer_id = s.customer_id`,
      "and s.day >= c.valid_from and s.day < c.valid_to",
      4,
    ],
    [
      "no time",
      `select 1 as x from bronze.customers k join ${history} h using (customer_id)`,
      "and <time of the row> >= h.valid_from and <time of the row> < h.valid_to",
      1,
    ],
    [
      "renamed columns",
      `with v as (select customer_id, valid_from as f, valid_to as t, is_current as now from ${history}) select 1 as x ${facts} join v using (customer_id)`,
      "and o.ordered_at >= v.f and o.ordered_at < v.t; for what holds now, whenever the row is from: and v.now",
      1,
    ],
  ])("is told the fix: %s", async (_, text, fix, line) => {
    const [error] = await faultsOf([customerHistory, sqlModel("gold.m", text)]);
    expect(error?.hint).toContain(fix);
    expect(error?.location).toEqual({ file: "gold.m.sql", line });
  });

  it("is told how to write it in TypeScript, and what to do for the state of now", async () => {
    const [error] = await faultsOf([customerHistory, sqlModel("gold.m", joined(""))]);
    expect(error?.hint).toBe(
      "add to the join: and o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to " +
        `(in TypeScript: and \${asOf("h", "o.ordered_at")}); for what holds now, whenever the row is from: and h.is_current`,
    );
  });

  it("is told to pass on the times a subquery hides", async () => {
    const text = `select 1 as x ${facts} join (select customer_id, segment from ${history}) s on s.customer_id = o.customer_id`;
    const [error] = await faultsOf([customerHistory, sqlModel("gold.m", text)]);
    expect(error?.hint).toMatch(/^let s pass on valid_from and valid_to of silver\.customer_history/);
  });
});

describe("a history in another query of a model", () => {
  const wrong = `select o.order_id ${facts} join ${history} h using (customer_id)`;
  const base = sqlModel("gold.m", "select order_id from bronze.orders", { grain: ["order_id"] });

  it("is refused in a check", async () => {
    const checked = { ...base, checks: [check.sql("known", `${wrong} join {table} m using (order_id)`)] };
    const [error] = await faultsOf([customerHistory, checked]);
    expect(error?.message).toMatch(/^gold\.m: check sql "known" joins the history silver\.customer_history as h without/);
    const right = { ...base, checks: [check.sql("known", `${wrong} where h.is_current`)] };
    expect(await faultsOf([customerHistory, right])).toEqual([]);
  });

  it("is refused in touches", async () => {
    const touches = { [history]: { kind: "sql" as const, text: `select 1\n from (${wrong})`, location: { file: "m.ts", line: 7 } } };
    const [error] = await faultsOf([customerHistory, { ...base, materialize: incremental({ by: ["order_id"], touches }) }]);
    expect(error?.message).toMatch(/^gold\.m: touches silver\.customer_history joins the history/);
    expect(error?.location).toEqual({ file: "m.ts", line: 8 });
  });
});

type Legitimate = readonly [what: string, text: string, upstreams?: readonly ModelDefinition[]];
const accepted = (list: readonly Legitimate[]) => list.map(([what, text, upstreams = []]) => [what, text, upstreams] as const);

describe("a history that is read rightly", () => {
  it.each(
    accepted([
      ["half-open", joined(" and o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to")],
      ["half-open, sides swapped", joined(" and h.valid_from <= o.ordered_at and h.valid_to > o.ordered_at")],
      [
        "half-open, in WHERE",
        `select o.order_id ${facts}, ${history} H where H.CUSTOMER_ID = o.customer_id and o.ordered_at >= h.Valid_From and h.valid_to > O.ordered_at`,
      ],
      [
        "half-open, with a default and casts",
        joined(" and o.ordered_at::date >= h.valid_from::date and o.ordered_at::date < coalesce(h.valid_to, '9999-12-31')::date"),
      ],
      [
        "half-open, at an expression",
        joined(" and coalesce(o.ordered_at, now()::timestamp) >= h.valid_from and coalesce(o.ordered_at, now()::timestamp) < h.valid_to"),
      ],
      ["half-open, at a fixed time", joined(" and timestamp '2026-01-01' >= h.valid_from and timestamp '2026-01-01' < h.valid_to")],
      ["now", joined(" and h.is_current")],
      ["now, in WHERE", `select o.order_id ${facts} join ${history} h using (customer_id) where h.is_current = true`],
      ["now, as a truth", joined(" and h.is_current is true")],
      ["now, by the open end", joined(" and h.valid_to = timestamp '9999-12-31 00:00:00'")],
      [
        "now, chosen in a CTE",
        `with c as (select customer_id, segment from ${history} where is_current) select o.order_id, c.segment ${facts} join c using (customer_id)`,
      ],
      [
        "now, chosen in a view",
        `select o.order_id, v.segment ${facts} join silver.seen v using (customer_id)`,
        [viewOf(`select customer_id, segment from ${history} where is_current`, { grain: ["customer_id"] })],
      ],
      [
        "at a time given in a CTE",
        `with c as (select *, valid_from as f, valid_to as t from ${history} ) select o.order_id ${facts} join c on c.customer_id = o.customer_id and o.ordered_at >= c.f and o.ordered_at < c.t`,
      ],
      ["alone", `select customer_id, segment, valid_from from ${history} where segment = 'a'`],
      ["alone, counted", `select segment, count(*) as n from ${history} group by segment`],
      [
        "one version of each key",
        `select o.order_id, s.segment ${facts} join (select customer_id, arg_max(segment, valid_from) as segment from ${history} group by 1) s using (customer_id)`,
      ],
      [
        "the last version of each key",
        `select o.order_id, s.segment ${facts} join (select * from ${history} qualify row_number() over (partition by customer_id order by valid_from desc) = 1) s using (customer_id)`,
      ],
      [
        "with what its versions look up, from the right",
        `select h.*, r.name from bronze.regions r right join ${history} h on r.region_id = h.region_id`,
      ],
      [
        "with one row of a group, of a model with a SEMI JOIN",
        `select h.*, d.n from ${history} h left join (select region_id as k, count(*) as n from silver.seen group by region_id) d on d.k = h.region_id`,
        [
          sqlModel("silver.seen", "select r.region_id from bronze.regions r semi join bronze.regions o on o.region_id = r.region_id", {
            grain: ["region_id"],
          }),
        ],
      ],
      [
        "with the one row of a group whose columns are fixed",
        `select h.*, d.n from ${history} h cross join (select region_id, count(*) as n from bronze.customers where region_id = 'r1' group by region_id) d`,
      ],
      [
        "with more that its versions look up, one model later",
        "select s.customer_id, s.name, b.name as other from silver.seen s, bronze.regions b where s.region_id = b.region_id",
        [
          sqlModel(
            "silver.seen",
            `select h.*, r.name from bronze.regions r right join ${history} h on r.region_id = h.region_id`,
            versionGrain,
          ),
        ],
      ],
      ["with what its versions look up", `select h.*, r.name from ${history} h left join bronze.regions r on r.region_id = h.region_id`],
      [
        "two histories, each at its time",
        `select o.order_id ${facts} join ${history} h on h.customer_id = o.customer_id and h.valid_from <= o.ordered_at and h.valid_to > o.ordered_at left join bronze.regions r on r.region_id = h.region_id`,
      ],
      [
        "each version with the one before",
        `select a.customer_id, b.segment from ${history} a left join ${history} b on b.customer_id = a.customer_id and b.valid_from = a.valid_to`,
      ],
      [
        "versions that overlap",
        `select a.segment, b.segment as other from ${history} a join ${history} b on b.region_id = a.region_id and a.valid_from < b.valid_to and b.valid_from < a.valid_to`,
      ],
      [
        "by the key of a version",
        `select s.n, h.segment from (select customer_id, max(valid_from) as f, count(*) as n from ${history} group by 1) s join ${history} h on h.customer_id = s.customer_id and h.valid_from = s.f`,
      ],
      [
        "by a unique column",
        `select x.segment from bronze.notes n join silver.seen x on x.version_id = n.note`,
        [
          sqlModel("silver.seen", `select *, md5(customer_id || '|' || valid_from) as version_id from ${history}`, {
            ...versionGrain,
            checks: [check.unique("version_id")],
          }),
        ],
      ],
      [
        "in EXISTS",
        `select o.order_id ${facts} where exists (select 1 from ${history} h where h.customer_id = o.customer_id and h.segment = 'a')`,
      ],
      ["in a semi join", `select o.order_id ${facts} semi join ${history} h on h.customer_id = o.customer_id`],
      [
        "a measure at its time",
        `select h.segment, sum(o.total) as t, sum(i.price) as p from bronze.orders o join ${history} h on h.customer_id = o.customer_id and o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to join (select order_id, sum(price) as price from bronze.items group by 1) i using (order_id) group by 1`,
      ],
      [
        "rows that were joined at their time",
        "select s.order_id, s.segment, c.state from silver.seen s join bronze.customers c using (customer_id)",
        [
          viewOf(
            `select o.order_id, o.customer_id, h.segment, h.valid_from, h.valid_to ${facts} join ${history} h on h.customer_id = o.customer_id and o.ordered_at >= h.valid_from and o.ordered_at < h.valid_to`,
            { grain: ["order_id"] },
          ),
        ],
      ],
    ]),
  )("is not refused: %s", async (_, text, upstreams) => {
    expect(await faults(text, upstreams)).toEqual([]);
  });
});
