import { afterAll, beforeAll, expect, test } from "vitest";
import { t } from "../../../src/define/types.ts";
import { openWarehouse, refusal, tableOf, type Warehouse } from "./warehouse.ts";

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
  await warehouse.sql("create role analyst login password 'a'; create role owner_role nologin");
});
afterAll(() => warehouse.close());

const columns = {
  order_id: t.varchar({ description: "The order's id" }),
  line: t.integer(),
  city: t.varchar({ nullable: true }),
  total: t.decimal(12, 2),
} as const;
const relation =
  "(select 'o' || (i // 3) as order_id, (i % 3)::integer as line, 'Zürich' as city, (i / 100)::decimal(12, 2) as total from range(3000) r(i))";
const sales = (name: string) =>
  tableOf(name, columns, {
    description: "What was sold; it's all here",
    primaryKey: ["order_id", "line"],
    indexes: { [`${name}_city`]: ["city"], [`${name}_total`]: ["total", "line"] },
  });

test("after every load the catalog shows exactly the declared key, indexes, comments and NOT NULL", async () => {
  await warehouse.load(sales("sales"), relation);
  await warehouse.sql(
    "create index by_hand on gold.sales (line); alter table gold.sales add constraint more_by_hand unique (order_id, line, city)",
  );
  await warehouse.load(sales("sales"), relation);
  const indexes = await warehouse.sql(
    "select indexname as name, indexdef as definition from pg_indexes where schemaname = 'gold' and tablename = 'sales' order by 1",
  );
  expect(indexes).toEqual([
    { name: "sales_city", definition: "CREATE INDEX sales_city ON gold.sales USING btree (city)" },
    { name: "sales_pkey", definition: "CREATE UNIQUE INDEX sales_pkey ON gold.sales USING btree (order_id, line)" },
    { name: "sales_total", definition: "CREATE INDEX sales_total ON gold.sales USING btree (total, line)" },
  ]);
  const [version] = await warehouse.sql("select current_setting('server_version_num')::int >= 180000 as names_not_null");
  const constraints = await warehouse.sql(
    "select conname as name, contype as type from pg_constraint where conrelid = 'gold.sales'::regclass order by 1",
  );
  const notNull = ["line", "order_id", "total"].map((column) => ({ name: `sales_${column}_not_null`, type: "n" }));
  const key = { name: "sales_pkey", type: "p" };
  expect(constraints).toEqual(version?.names_not_null === true ? [...notNull.slice(0, 2), key, ...notNull.slice(2)] : [key]);
  const held =
    await warehouse.sql(`select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as strict, col_description(attrelid, attnum) as comment
    from pg_attribute where attrelid = 'gold.sales'::regclass and attnum > 0 order by attnum`);
  expect(held).toEqual([
    { name: "order_id", type: "text", strict: true, comment: "The order's id" },
    { name: "line", type: "integer", strict: true, comment: null },
    { name: "city", type: "text", strict: false, comment: null },
    { name: "total", type: "numeric(12,2)", strict: true, comment: null },
  ]);
  const [table] = await warehouse.sql(`select obj_description(oid) as comment, relpersistence as persistence, reltuples::int as rows,
      (select count(*)::int from pg_statistic where starelid = c.oid) as analyzed from pg_class c where oid = 'gold.sales'::regclass`);
  expect(table).toEqual({ comment: "What was sold; it's all here", persistence: "p", rows: 3000, analyzed: 4 });
  expect(await warehouse.leftovers()).toEqual([]);
  expect(await warehouse.sql("select typname from pg_type where typname like '%assay%'")).toEqual([]);
});

test("without a grain there is no key", async () => {
  const one = tableOf("totals", { total: t.bigint({ nullable: true }) });
  await warehouse.load(one, "(select 1::bigint as total)");
  expect(await warehouse.sql("select 1 from pg_constraint where conrelid = 'gold.totals'::regclass")).toEqual([]);
});

test("names that need quotes", async () => {
  const odd = tableOf(
    'Größe "x"',
    { 'a "b"': t.integer(), select: t.varchar() },
    { schema: "Ünï", primaryKey: ['a "b"'], indexes: { 'i"x': ["select"] } },
  );
  const rows = `(select 1::integer as "a ""b""", 'x' as "select")`;
  await warehouse.load(odd, rows);
  await warehouse.load(odd, rows);
  expect(await warehouse.sql(`select * from "Ünï"."Größe ""x"""`)).toEqual([{ 'a "b"': 1, select: "x" }]);
});

test("a client that polls during ten reloads sees neither zero nor a part nor an error", async () => {
  const many =
    "(select 'o' || i as order_id, 1::integer as line, null::varchar as city, 1::decimal(12, 2) as total from range(50000) r(i))";
  await warehouse.load(sales("polled"), many);
  await warehouse.sql(
    "create view gold.polled_view as select order_id from gold.polled; create view gold.polled_outer as select * from gold.polled_view",
  );
  const seen = new Set<number>();
  let polls = 0;
  let done = false;
  const poll = async (text: string) => {
    const client = await warehouse.server.connect();
    while (!done) {
      const { rows } = await client.query(text);
      seen.add(Number(rows[0].count));
      polls += 1;
    }
    await client.end();
  };
  const polling = Promise.all(["gold.polled", "gold.polled_view", "gold.polled_outer"].map((name) => poll(`select count(*) from ${name}`)));
  for (let time = 0; time < 10; time += 1) await warehouse.load(sales("polled"), many);
  done = true;
  await polling;
  expect([...seen]).toEqual([50_000]);
  expect(polls).toBeGreaterThan(50);
});

test("owner and grants survive, and default privileges add none", async () => {
  await warehouse.load(sales("granted"), relation);
  await warehouse.sql(`alter table gold.granted owner to owner_role; grant create, usage on schema gold to owner_role; grant usage on schema gold to analyst;
    grant select on gold.granted to analyst with grant option; grant update (city) on gold.granted to analyst;
    create view gold.granted_view with (security_barrier = true) as select city, count(*) as n from gold.granted group by city;
    comment on view gold.granted_view is 'by city'; comment on column gold.granted_view.n is 'how many'; grant select on gold.granted_view to public;
    alter default privileges in schema gold grant delete on tables to analyst`);
  const state = `select c.relname as name, pg_get_userbyid(relowner) as owner, relacl::text as acl, reloptions as options, obj_description(c.oid) as comment,
    (select string_agg(attname || coalesce(attacl::text, '') || coalesce(col_description(c.oid, attnum), ''), ',' order by attnum) from pg_attribute
      where attrelid = c.oid and attnum > 0) as columns, case relkind when 'v' then pg_get_viewdef(c.oid) end as definition
    from pg_class c where relname in ('granted', 'granted_view') order by 1`;
  const before = await warehouse.sql(state);
  await warehouse.load(sales("granted"), relation);
  await warehouse.sql("alter default privileges in schema gold revoke delete on tables from analyst");
  expect(await warehouse.sql(state)).toEqual(before);
  expect(before[0]?.acl).toContain("analyst=r*");
});

test("views over views come back, also where a column they read was widened", async () => {
  await warehouse.load(tableOf("base", { id: t.smallint(), name: t.varchar() }), "(select 1::smallint as id, 'a' as name)");
  await warehouse.sql(`create schema marts; create view marts.v1 as select id, name from gold.base; create view marts.v2 as select v1.id, b.name from marts.v1 join gold.base b using (id);
    create view marts.v3 (renamed) as select id + 1 from marts.v2`);
  const load = await warehouse.load(tableOf("base", { id: t.bigint(), name: t.varchar() }), "(select 2::bigint as id, 'b' as name)");
  expect(load.migrations).toEqual(["widened column id from smallint to bigint"]);
  expect(await warehouse.sql("select * from marts.v3")).toEqual([{ renamed: "3" }]);
});

test.each([
  [
    "a materialized view",
    "create materialized view gold.kept as select * from gold.blocked",
    "drop materialized view gold.kept",
    /materialized view gold\.kept/,
  ],
  [
    "a function",
    "create function gold.f() returns bigint begin atomic select count(*) from gold.blocked; end",
    "drop function gold.f",
    /function gold\.f\(\)/,
  ],
  [
    "a foreign key",
    "create table gold.child (id int references gold.blocked)",
    "drop table gold.child",
    /constraint child_id_fkey on table gold\.child/,
  ],
  [
    "a trigger",
    "create function public.nop() returns trigger language plpgsql as 'begin return new; end'; create trigger tr before insert on gold.blocked for each row execute function public.nop()",
    "drop trigger tr on gold.blocked",
    /trigger tr on table gold\.blocked/,
  ],
  ["a policy", "create policy p on gold.blocked using (true)", "drop policy p on gold.blocked", /policy p on table gold\.blocked/],
  [
    "a publication",
    "create publication pub for table gold.blocked",
    "drop publication pub",
    /publication of table gold\.blocked in publication pub/,
  ],
  [
    "a materialized view on a view",
    "create view gold.v as select * from gold.blocked; create materialized view gold.mv as select * from gold.v",
    "drop view gold.v cascade",
    /materialized view gold\.mv/,
  ],
])("%s on the table is named and stops the load; without it the load passes", async (_, create, drop, named) => {
  const blocked = tableOf("blocked", { id: t.integer() }, { primaryKey: ["id"] });
  await warehouse.load(blocked, "(select 1::integer as id)");
  await warehouse.sql(create);
  const error = await refusal(warehouse.load(blocked, "(select 2::integer as id)"));
  expect(error.code).toBe("SINK_FAILED");
  expect(error.message).toMatch(/^gold\.blocked cannot be replaced without losing: /);
  expect(error.message).toMatch(named);
  expect(await warehouse.leftovers()).toEqual([]);
  await warehouse.sql(drop);
  await warehouse.load(blocked, "(select 3::integer as id)");
  expect(await warehouse.sql("select id from gold.blocked")).toEqual([{ id: 3 }]);
});

test("two loads of one table at once take turns, loads of others do not wait", async () => {
  const loads = await Promise.all(
    [1, 2, 3].flatMap(() => [
      warehouse.load(sales("both"), relation),
      warehouse.load(tableOf("other", { id: t.integer() }, { schema: "new_schema" }), "(select 1::integer as id)"),
    ]),
  );
  expect(loads).toHaveLength(6);
  expect(await warehouse.leftovers()).toEqual([]);
});
