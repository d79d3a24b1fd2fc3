import { describe, expect, it } from "vitest";
import { check } from "../../../src/define/check.ts";
import { view } from "../../../src/define/materialization.ts";
import type { ModelDefinition } from "../../../src/define/model.ts";
import { faultsOf, type ModelParts, sqlModel } from "./retail.ts";

const linesOf = (text: string): readonly ModelDefinition[] => [sqlModel("silver.lines", text, { grain: ["order_id", "seq", "item_id"] })];
const orderLines = linesOf(
  `select o.order_id, p.seq, coalesce(i.item_id, 0) as item_id, p.value, i.price, c.state, coalesce(r.category, 'unknown') as category
   from bronze.orders o left join bronze.customers c on c.customer_id = o.customer_id left join bronze.payments p on p.order_id = o.order_id
   left join bronze.items i on i.order_id = o.order_id left join bronze.products r on r.product_id = i.product_id where p.value is not null`,
);
const orderTotals = [
  sqlModel("silver.order_totals", "select order_id, sum(price) as price from bronze.items group by order_id", { grain: ["order_id"] }),
];

const faults = async (text: string, upstreams: readonly ModelDefinition[] = [], parts: ModelParts = {}): Promise<readonly string[]> =>
  (await faultsOf([...upstreams, sqlModel("gold.m", text, parts)])).map((error) => `${error.code} ${error.message}`);

type Case = readonly [what: string, text: string, error: RegExp, upstreams?: readonly ModelDefinition[]];
const refused = (list: readonly Case[]) => list.map(([what, text, error, upstreams = []]) => [what, text, error, upstreams] as const);

describe("a measure that a join repeats", () => {
  it.each(
    refused([
      [
        "of two branches of one table",
        `select o.customer_id, sum(p.value) as paid from bronze.orders o join bronze.items i on i.order_id = o.order_id
       join bronze.payments p on p.order_id = o.order_id group by 1`,
        /^FAN_TRAP gold\.m: sum\(p\.value\) takes rows of bronze\.payments more than once: bronze\.items is joined on order_id and may have several rows for it \(its key is order_id, item_id\); bronze\.payments and bronze\.items are two branches of one join$/,
      ],
      [
        "of the original product_sales_performance",
        `select p.product_id, coalesce(sum(s.units), 0) as units, coalesce(sum(s.amount), 0) as revenue, count(r.return_id) as returns
       from bronze.products p left join bronze.sales s on s.product_id = p.product_id left join bronze.returns r on r.product_id = p.product_id
       group by p.product_id`,
        /^FAN_TRAP gold\.m: sum\(s\.units\), sum\(s\.amount\) take rows of bronze\.sales more than once: bronze\.returns is joined on product_id and may/,
      ],
      [
        "of a header beside its details",
        "select o.status, sum(o.total) as total from bronze.orders o join bronze.items i on i.order_id = o.order_id group by o.status",
        /^FAN_TRAP .*sum\(o\.total\) takes rows of bronze\.orders more than once: bronze\.items is joined on order_id/,
      ],
      [
        "of a header looked up for its details",
        "select i.seller_id, sum(o.total) as total from bronze.items i join bronze.orders o on o.order_id = i.order_id group by i.seller_id",
        /^FAN_TRAP .*sum\(o\.total\) takes rows of bronze\.orders more than once: bronze\.items/,
      ],
      [
        "in an average",
        "select o.status, avg(o.total) as t from bronze.orders o left join bronze.items i using (order_id) group by all",
        /^FAN_TRAP .*avg\(o\.total\)/,
      ],
      [
        "in a count",
        "select count(o.order_id) as orders, sum(i.price) as revenue from bronze.orders o join bronze.items i on i.order_id = o.order_id",
        /^FAN_TRAP .*count\(o\.order_id\) takes rows of bronze\.orders/,
      ],
      [
        "in a window",
        "select i.item_id, sum(o.total) over (partition by o.customer_id) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id",
        /^FAN_TRAP .*sum\(o\.total\)/,
      ],
      [
        "in HAVING",
        "select o.status from bronze.orders o join bronze.items i on i.order_id = o.order_id group by all having sum(o.total) > 10",
        /^FAN_TRAP .*sum\(o\.total\)/,
      ],
      [
        "within an expression, a filter and a cast",
        `select (100 * sum(coalesce(o.total, 0)) filter (where o.status = 'paid'))::integer as t
       from bronze.orders as o natural join (select order_id, item_id from bronze.items) as i`,
        /^FAN_TRAP .*sum\(coalesce\(o\.total, 0\)\) takes rows of bronze\.orders more than once: bronze\.items/,
      ],
      [
        "through a CTE",
        `with joined as (select o.status, o.total, i.price from bronze.orders o join bronze.items i on i.order_id = o.order_id),
       priced as (select *, price * 2 as twice from joined)
       select status, sum(twice) as price, sum(total) as total from priced group by status`,
        /^FAN_TRAP gold\.m: sum\(total\) takes rows of bronze\.orders more than once: bronze\.items is joined on order_id/,
      ],
      [
        "through a subquery with other names",
        `select s.k, sum(s.t) as t from (select o.status, o.total from bronze.orders o, bronze.items i where i.order_id = o.order_id) as s(k, t)
       group by s.k`,
        /^FAN_TRAP .*sum\(s\.t\)/,
      ],
      [
        "in a scalar subquery",
        `select c.customer_id, (select sum(o.total) from bronze.orders o join bronze.items i on i.order_id = o.order_id
       where o.customer_id = c.customer_id) as t from bronze.customers c`,
        /^FAN_TRAP .*sum\(o\.total\)/,
      ],
      [
        "in a branch of a UNION",
        `select 'a' as k, sum(amount) as v from bronze.sales union all
       select 'b', sum(o.total) from bronze.orders o join bronze.items i on i.order_id = o.order_id`,
        /^FAN_TRAP .*sum\(o\.total\)/,
      ],
      [
        "of a CTE that has one row for each key",
        `with paid as (select order_id, sum(value) as paid from bronze.payments group by order_id)
       select i.product_id, sum(paid.paid) as paid from bronze.items i left join paid on paid.order_id = i.order_id group by i.product_id`,
        /^FAN_TRAP .*sum\(paid\.paid\) takes rows of paid more than once: bronze\.items/,
      ],
      [
        "by a CTE that has many rows for the join's column",
        `with by_product as (select order_id, product_id, item_id from bronze.items group by order_id, product_id, item_id)
       select o.status, sum(o.total) as t from bronze.orders o join by_product b on b.order_id = o.order_id group by o.status`,
        /^FAN_TRAP .*by_product is joined on order_id/,
      ],
      [
        "by a month joined to its days",
        "select d.month, sum(s.amount) as t from bronze.sales s join bronze.days d on d.month = strftime(s.day, '%Y-%m') group by d.month",
        /^FAN_TRAP .*bronze\.days is joined on month/,
      ],
      [
        "by a table further along the chain",
        `select c.state, sum(c.credit) as t from bronze.customers c join bronze.orders o on o.customer_id = c.customer_id
       join bronze.items i on i.order_id = o.order_id group by c.state`,
        /^FAN_TRAP .*sum\(c\.credit\).*bronze\.orders is joined on customer_id/,
      ],
      [
        "though rows are filtered by what does not choose one",
        `select sum(p.value) as t from bronze.payments p join bronze.items i on i.order_id = p.order_id
       where i.price > 0 and i.product_id is not null and p.method = 'card' and p.order_id in (select order_id from bronze.orders)`,
        /^FAN_TRAP .*sum\(p\.value\)/,
      ],
      [
        "in a model that another one joined, two models up",
        "select category, state, sum(value) as paid, count(distinct order_id) as n from silver.fact group by category, state",
        /^FAN_TRAP gold\.m: sum\(value\) takes rows of bronze\.payments more than once: bronze\.items, read through silver\.fact and silver\.lines, is joined on order_id/,
        [
          ...orderLines,
          sqlModel("silver.fact", "select * from silver.lines", { grain: ["order_id", "seq", "item_id"], materialize: view() }),
        ],
      ],
      [
        "by one table a month, known by its declared grain",
        "select c.state, sum(c.credit) as t from bronze.customers c join silver.monthly m on m.customer_id = c.customer_id group by c.state",
        /^FAN_TRAP .*silver\.monthly is joined on customer_id/,
        [
          sqlModel(
            "silver.monthly",
            "select customer_id, date_trunc('month', day) as month, sum(amount) as a from bronze.sales group by all",
            {
              grain: ["customer_id", "month"],
            },
          ),
        ],
      ],
    ]),
  )("is refused: %s", async (_, text, error, upstreams) => {
    const found = await faults(text, upstreams);
    expect(found.filter((fault) => !fault.startsWith("FAN_TRAP"))).toEqual([]);
    expect(found[0]).toMatch(error);
  });

  it("is told with its place and both fixes", async () => {
    const [error] = await faultsOf([
      sqlModel(
        "gold.m",
        "-- ä\nselect o.status,\n  sum(o.total) as t\nfrom bronze.orders o join bronze.items i on i.order_id = o.order_id group by 1",
      ),
    ]);
    expect(error?.location).toEqual({ file: "gold.m.sql", line: 3 });
    expect(error?.hint).toBe(
      "aggregate bronze.items by order_id before joining it, or compute sum(o.total) from bronze.orders alone, at its own grain, and join the " +
        'totals; if the repetition is meant, say why in the model: fanOut: { "bronze.items": "…" }',
    );
  });

  it("is told how to declare a key the table may have", async () => {
    const [error] = await faultsOf([
      sqlModel("gold.m", "select sum(s.amount) as t from bronze.sales s join bronze.returns r on r.sale_id = s.sale_id"),
    ]);
    expect(error?.hint).toContain('if bronze.returns has one row for each sale_id, declare it there: check.unique("sale_id")');
  });
});

type Legitimate = readonly [what: string, text: string, upstreams?: readonly ModelDefinition[]];
const accepted = (list: readonly Legitimate[]) => list.map(([what, text, upstreams = []]) => [what, text, upstreams] as const);

describe("a legitimate model", () => {
  it.each(
    accepted([
      [
        "measures of the many side",
        "select o.status, sum(i.price) as t, avg(i.qty) as q, count(i.item_id) as n, count(*) as rows from bronze.orders o join bronze.items i on i.order_id = o.order_id group by 1",
      ],
      [
        "least, greatest and distinct values of the one side",
        "select i.product_id, min(o.total) as a, max(o.total) as b, count(distinct o.order_id) as n, any_value(o.status) as s from bronze.orders o join bronze.items i using (order_id) group by 1",
      ],
      [
        "a star schema",
        "select p.category, c.state, sum(s.amount) as t from bronze.sales s left join bronze.products p on p.product_id = s.product_id left join bronze.customers c on c.customer_id = s.customer_id left join bronze.days d on d.day = s.day group by all",
      ],
      [
        "the dimension first",
        "select p.category, sum(s.amount) as t, count(s.sale_id) as n from bronze.products p left join bronze.sales s on s.product_id = p.product_id group by p.category",
      ],
      [
        "a weight looked up for every item",
        "select i.order_id, sum(p.weight) as weight, avg(p.weight) as mean from bronze.items i join bronze.products p on p.product_id = i.product_id group by i.order_id",
      ],
      [
        "an amount made of both sides",
        "select o.status, sum(i.qty * p.weight) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id join bronze.products p on p.product_id = i.product_id group by 1",
      ],
      [
        "branches that are aggregated first",
        "with i as (select order_id, sum(price) as price from bronze.items group by order_id), p as (select order_id, sum(value) as paid from bronze.payments group by order_id) select o.status, sum(o.total) as t, sum(i.price) as price, sum(p.paid) as paid from bronze.orders o left join i on i.order_id = o.order_id left join p on p.order_id = o.order_id group by o.status",
      ],
      [
        "an aggregate of group and names",
        "with t as (select s.customer_id, c.state, sum(s.amount) as a from bronze.sales s join bronze.customers c on c.customer_id = s.customer_id group by 1, 2) select sum(c.credit) as credit, sum(t.a) as a from bronze.customers c join t on t.customer_id = c.customer_id",
      ],
      [
        "an aggregate of columns that may follow from each other",
        "with t as (select email, customer_id, sum(amount) as a from bronze.sales group by 1, 2) select sum(c.credit) as credit from bronze.customers c join t on t.customer_id = c.customer_id",
      ],
      [
        "the first row of each",
        "select sum(o.total) as t, sum(f.price) as p from bronze.orders o join (select * from bronze.items qualify row_number() over (partition by order_id order by item_id) = 1) f on f.order_id = o.order_id",
      ],
      [
        "a numbered first row",
        "with n as (select *, row_number() over (partition by order_id order by item_id) as rn from bronze.items) select sum(o.total) as t from bronze.orders o join n on n.order_id = o.order_id and n.rn = 1",
      ],
      [
        "a numbered first row of the join",
        "with n as (select o.total, row_number() over (partition by o.order_id order by i.item_id) as rn from bronze.orders o join bronze.items i on i.order_id = o.order_id) select sum(total) filter (where rn = 1) as a, sum(case when rn = 1 then total end) as b from n",
      ],
      [
        "distinct on",
        "select sum(o.total) as t from bronze.orders o join (select distinct on (order_id) order_id, product_id from bronze.items order by order_id, price) f on f.order_id = o.order_id",
      ],
      [
        "distinct columns",
        "select sum(o.total) as t from bronze.orders o join (select distinct order_id from bronze.items) f on f.order_id = o.order_id",
      ],
      [
        "distinct rows of a join",
        "select sum(total) as t from (select distinct o.order_id, o.total from bronze.orders o join bronze.items i on i.order_id = o.order_id)",
      ],
      [
        "the rest of the key is a constant",
        "select sum(o.total) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id and i.item_id = 1",
      ],
      [
        "the rest of the key is a constant, in a CTE",
        "with first_item as (select order_id, price from bronze.items where item_id = 1) select sum(o.total) as t from bronze.orders o left join first_item f using (order_id)",
      ],
      [
        "a condition that may choose one",
        "select sum(c.credit) as t from bronze.customers c join bronze.addresses a on a.customer_id = c.customer_id and a.kind = 'billing'",
      ],
      [
        "columns that may be a key",
        "select sum(s.units) as t from bronze.sales s join bronze.returns r on r.product_id = s.product_id and r.sale_id = s.sale_id",
      ],
      [
        "a span of time",
        "select sum(s.amount) as t from bronze.sales s join bronze.rates r on r.currency = 'EUR' and s.day >= r.starts and s.day < r.ends",
      ],
      [
        "the nearest in time",
        "select sum(s.amount) as t from bronze.sales s asof join bronze.rates r on r.currency = s.email and s.day >= r.starts",
      ],
      [
        "a unique column",
        "select sum(s.amount) as a, sum(c.credit) as t from bronze.customers c join bronze.sales s on s.email = c.email where s.sale_id = 1",
      ],
      [
        "a lookup by a unique column",
        "select s.day, sum(s.amount) as a from bronze.sales s left join bronze.customers c on c.email = s.email group by s.day",
      ],
      ["a table without a key", "select sum(o.total) as t from bronze.orders o join bronze.notes n on n.order_id = o.order_id"],
      [
        "a key of many columns, grouped by the rest",
        "select i.item_id, sum(o.total) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id group by i.item_id",
      ],
      [
        "campaigns of an order",
        "select c.campaign_id, sum(o.total) as t from bronze.orders o join bronze.campaign_orders co on co.order_id = o.order_id join bronze.campaigns c on c.campaign_id = co.campaign_id group by c.campaign_id",
      ],
      [
        "shares of an order",
        "select c.channel, sum(o.total * co.share) as t from bronze.orders o join bronze.campaign_orders co on co.order_id = o.order_id join bronze.campaigns c using (campaign_id) group by c.channel",
      ],
      [
        "an amount shared out",
        "with n as (select order_id, count(*) as items from bronze.items group by order_id) select i.product_id, sum(o.total / n.items) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id join n on n.order_id = o.order_id group by 1",
      ],
      [
        "an average that is the value itself",
        "select o.order_id, avg(o.total) as total, sum(o.total) / count(*) as again, sum(i.price) as price from bronze.orders o join bronze.items i on i.order_id = o.order_id group by o.order_id",
      ],
      [
        "rows counted under a condition of what is looked up",
        "select i.seller_id, sum(case when o.late then 1 else 0 end) as late, count(*) filter (where o.late) as again, sum((o.status = 'x')::integer) as x, avg(o.late::integer) as share, count(o.order_id) as known from bronze.items i left join bronze.orders o on o.order_id = i.order_id group by 1",
      ],
      [
        "pairs",
        "select a.product_id as x, b.product_id as y, count(*) as n, count(a.item_id) as m from bronze.items a join bronze.items b on b.order_id = a.order_id and a.product_id < b.product_id group by 1, 2",
      ],
      [
        "a table joined to itself",
        "select m.id, sum(e.salary) as s, count(e.id) as n from bronze.employees m left join bronze.employees e on e.manager_id = m.id group by m.id",
      ],
      [
        "rows without a partner",
        "select sum(o.total) as t from bronze.orders o left join bronze.items i on i.order_id = o.order_id where i.order_id is null",
      ],
      [
        "semi and anti joins, IN and EXISTS",
        "select sum(o.total) as t from bronze.orders o semi join bronze.items i on i.order_id = o.order_id anti join bronze.payments p on p.order_id = o.order_id where exists (select 1 from bronze.items x where x.order_id = o.order_id) and o.order_id in (select order_id from bronze.payments)",
      ],
      [
        "a scalar subquery for each row",
        "select sum((select count(*) from bronze.items i where i.order_id = o.order_id) * 2) as n, sum(o.total) as t from bronze.orders o",
      ],
      [
        "one row for all",
        "select sum(s.amount * x.factor) as t, sum(s.amount) as a from bronze.sales s cross join (select max(factor) as factor from bronze.settings) x",
      ],
      ["a table crossed with", "select sum(s.amount) as a from bronze.sales s cross join bronze.settings x where x.name = 'vat'"],
      [
        "a scaffold of days",
        "select d.day, c.state, sum(s.amount) as t from bronze.days d cross join bronze.customers c left join bronze.sales s on s.day = d.day and s.customer_id = c.customer_id group by all",
      ],
      [
        "a running total by joining days",
        "select d.day, sum(s.amount) as t from bronze.days d left join bronze.sales s on s.day <= d.day group by d.day",
      ],
      [
        "tables put below each other",
        "select k, sum(v) as v from (select order_id as k, value as v from bronze.payments union all select order_id, price from bronze.items) group by k",
      ],
      ["lists taken apart", "select sum(u.x) as n from bronze.orders o, unnest([1, 2]) as u(x)"],
      [
        "models of one row for each key",
        "select o.status, sum(o.total) as t, sum(x.price) as p from bronze.orders o join silver.order_totals x on x.order_id = o.order_id group by o.status",
        orderTotals,
      ],
      [
        "measures of the finest part of a joined model",
        "select category, sum(price) as t from silver.lines where seq = 1 group by category",
        orderLines,
      ],
      [
        "a joined model grouped by all that repeats",
        "select order_id, item_id, sum(value) as t from silver.lines group by order_id, item_id",
        orderLines,
      ],
      [
        "a join that the grain of its model proves to be one to one",
        "select sum(units) as n from silver.sold",
        [
          sqlModel(
            "silver.sold",
            "select s.sale_id, s.units, r.amount from bronze.sales s join bronze.returns r on r.sale_id = s.sale_id",
            {
              grain: ["sale_id"],
            },
          ),
        ],
      ],
      [
        "a join that a check of its model proves to be one to one",
        "select sum(s.units) as n from bronze.sales s join silver.returned r on r.sale_id = s.sale_id",
        [
          sqlModel("silver.returned", "select return_id, sale_id from bronze.returns", {
            grain: ["return_id"],
            checks: [check.unique("sale_id")],
          }),
        ],
      ],
      [
        "a grain wider than the key",
        "select sum(o.total) as n from bronze.orders o join silver.wide w on w.order_id = o.order_id",
        [
          sqlModel(
            "silver.wide",
            "select o.order_id, o.customer_id, sum(i.price) as p from bronze.orders o join bronze.items i on i.order_id = o.order_id group by all",
            { grain: ["order_id", "customer_id"] },
          ),
        ],
      ],
    ]),
  )("is not refused: %s", async (_, text, upstreams) => {
    expect(await faults(text, upstreams)).toEqual([]);
  });
});

const doubled = "select o.status, sum(o.total) as t from bronze.orders o join bronze.items i on i.order_id = o.order_id group by o.status";

describe("fanOut", () => {
  it("keeps the reason, and makes another definition", async () => {
    const reason = "the original counts so";
    const { compileShop } = await import("./retail.ts");
    const manifest = await compileShop([sqlModel("gold.m", doubled, { fanOut: { "bronze.items": reason } })]);
    const other = await compileShop([sqlModel("gold.m", doubled, { fanOut: { "Bronze.Items": "another" } })]);
    const [one, two] = [manifest, other].map((item) => item.tables.find((table) => table.name === "gold.m"));
    expect(one).toMatchObject({ fanOut: { "bronze.items": reason } });
    expect(one?.fingerprint).not.toBe(two?.fingerprint);
  });

  it("may stay where the grain of a model it reads says that nothing repeats", async () => {
    const sold = sqlModel(
      "silver.sold",
      "select s.sale_id, s.units, r.amount from bronze.sales s join bronze.returns r on r.sale_id = s.sale_id",
      { grain: ["sale_id"] },
    );
    expect(await faults("select sum(units) as n from silver.sold", [sold], { fanOut: { "bronze.returns": "as ever" } })).toEqual([]);
  });

  it("excuses no other table", async () => {
    const text =
      "select sum(o.total) as t from bronze.orders o join bronze.items i using (order_id) join bronze.payments p using (order_id)";
    expect(await faults(text, [], { fanOut: { "bronze.items": "x" } })).toEqual([
      expect.stringMatching(/^FAN_TRAP .*bronze\.payments is joined/),
    ]);
  });

  it.each([
    ["select sum(total) as t from bronze.orders", /repeats no measure of the model$/],
    [doubled, /repeats no measure of the model; what repeats its measures is bronze\.items$/],
  ])("is refused where it excuses nothing", async (text, message) => {
    const found = await faults(text, [], { fanOut: { "bronze.payments": "x", ...(text === doubled ? { "bronze.items": "y" } : {}) } });
    expect(found).toEqual([expect.stringMatching(/^FAN_OUT_UNUSED gold\.m: fanOut excuses bronze\.payments, which/)]);
    expect(found[0]).toMatch(message);
  });
});
