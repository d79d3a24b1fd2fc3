import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { readQuery } from "../../../src/adapters/postgres/read-query.ts";
import { contractColumns } from "../../../src/compile/contract.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import type { Candidate, Engine, Session } from "../../../src/ports/engine.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { refusal } from "./warehouse.ts";

let platform: Platform;
let admin: pg.Client;
let engine: Engine;
let session: Session;

/** `reader` sees what policies let through; functions of `bi` belong to others. */
beforeAll(async () => {
  platform = await openPlatform();
  ({ admin, engine, session } = platform);
  await admin.query(`create role reader; create role clerk; create schema bi; grant usage on schema bi, silver, gold, bronze to reader;
    grant usage on schema bi to platform; create table bi.seen (id int); grant insert on bi.seen to platform;
    create function bi.note() returns trigger language plpgsql as 'begin insert into bi.seen values (new.id); return new; end'`);
}, 120_000);
afterAll(() => platform?.close());
beforeEach(async () => {
  await admin.query("drop publication if exists sold; drop table if exists gold.t cascade; drop view if exists gold.v, bronze.b cascade");
  await admin.query("alter role platform nobypassrls; grant execute on function bi.note to public; truncate bi.seen");
});

const columns = { id: t.integer(), region: t.varchar({ nullable: true }) };
const wider = { ...columns, more: t.integer() };
const rows = (count: number, more = ""): string =>
  `select i as id, case when i % 4 = 0 then 'north' else 'south' end as region${more} from generate_series(1, ${count}) as i`;
const publish = (text: string, of: Columns = columns, more: Partial<Candidate> = {}): Promise<void> => platform.publish(text, of, more);

const withPolicy = "alter table gold.t enable row level security; create policy north on gold.t to reader using (region = 'north')";
const readable = "grant select on gold.t to reader";

const asRole = async <R>(role: string, work: () => Promise<R>): Promise<R> => {
  await admin.query(`set role ${role}`);
  return work().finally(() => admin.query("reset role"));
};
const countFor = (role: string, relation = "gold.t"): Promise<number> =>
  asRole(role, async () => Number((await admin.query(`select count(*) as n from ${relation}`)).rows[0].n));

/** All that hangs on gold.t, in the server's words. */
async function hangingOn(): Promise<unknown> {
  const query = async (text: string): Promise<readonly unknown[]> => (await admin.query(text)).rows;
  return {
    policies: await query(`select polname, polpermissive, polcmd, polroles, pg_get_expr(polqual, polrelid) as qual,
      pg_get_expr(polwithcheck, polrelid) as new_rows, obj_description(oid, 'pg_policy') as said from pg_policy where polrelid = 'gold.t'::regclass order by 1`),
    table: await query(
      "select relrowsecurity, relforcerowsecurity, relreplident, reloptions, relacl::text from pg_class where oid = 'gold.t'::regclass",
    ),
    columns: await query(
      "select attname, attacl::text from pg_attribute where attrelid = 'gold.t'::regclass and attacl is not null order by 1",
    ),
    triggers: await query(`select pg_get_triggerdef(oid) as made, tgenabled, obj_description(oid, 'pg_trigger') as said
      from pg_trigger where tgrelid = 'gold.t'::regclass and not tgisinternal order by 1`),
    rules: await query(`select pg_get_ruledef(oid) as made, ev_enabled, obj_description(oid, 'pg_rewrite') as said
      from pg_rewrite where ev_class = 'gold.t'::regclass order by 1`),
    statistics: await query(
      `select pg_get_statisticsobjdef(oid) as made, stxstattarget from pg_statistic_ext where stxrelid = 'gold.t'::regclass order by 1`,
    ),
  };
}

const oid = async (): Promise<unknown> => (await admin.query("select 'gold.t'::regclass::oid as oid")).rows[0].oid;

it("row security, triggers, rules, statistics, options and rights go over to the table that takes the place", async () => {
  await publish(rows(8));
  await admin.query(`${withPolicy};
    create policy "it's ""odd""" on gold.t as restrictive for select to public using (region <> E'$x\\\\''"' and id < (select max(s.id) + 99 from gold.t s));
    create policy none on gold.t for insert to clerk with check (false);
    create policy own on gold.t for update to reader, clerk using (true) with check (current_user = 'clerk');
    create policy gone on gold.t for delete using (id < 0);
    comment on policy north on gold.t is 'it''s theirs';
    create trigger "each ""row""" after insert or update of region on gold.t for each row when (new.id > 0) execute function bi.note('it''s');
    create trigger always before delete on gold.t execute function bi.note(); alter table gold.t enable always trigger always;
    create constraint trigger late after insert on gold.t deferrable initially deferred for each row execute function bi.note();
    alter table gold.t disable trigger late; comment on trigger late on gold.t is 'later';
    create rule quiet as on update to gold.t where new.id < 0 do instead nothing; alter table gold.t disable rule quiet;
    create statistics gold.together (dependencies) on id, region from gold.t; alter statistics gold.together set statistics 7;
    create statistics bi.both on (id % 2), (region || 'x') from gold.t;
    alter table gold.t set (fillfactor = 70, autovacuum_enabled = false), replica identity full;
    grant select (id), update (region) on gold.t to reader with grant option; grant select on gold.t to clerk`);
  await admin.query("grant create on schema bi to platform");
  const [before, old] = [await hangingOn(), await oid()];
  expect(before).toMatchObject({ policies: { length: 5 }, triggers: { length: 3 }, rules: { length: 1 }, statistics: { length: 2 } });
  await publish(rows(12, ", 1 as more"), wider);
  expect(await oid()).not.toBe(old);
  expect(await hangingOn()).toEqual(before);
  await publish(rows(16));
  expect(await hangingOn()).toEqual(before);
  // The rows were there before the triggers.
  expect(await countFor("assay", "bi.seen")).toBe(0);
});

it("whoever reads all the time never sees what a policy hides", async () => {
  await publish(rows(2_000));
  await admin.query(`${withPolicy}; ${readable}`);
  const seen = await platform.seenMeanwhile(
    "select count(*) as n from gold.t",
    async () => {
      for (let time = 0; time < 8; time += 1)
        await publish(rows(2_000, time % 2 === 0 ? ", 1 as more" : ""), time % 2 === 0 ? wider : columns);
    },
    "reader",
  );
  expect(seen).toEqual([500]);
});

it("what is changed while a table is made counts: a policy that has come, a right that was taken", async () => {
  await publish(rows(8));
  await admin.query(`${readable}; grant select on gold.t to clerk`);
  const text = rows(12);
  // The transaction has seen the catalog by then.
  await platform.publish(text, columns, {}, () => admin.query(`${withPolicy}; revoke select on gold.t from clerk`));
  expect(await countFor("reader")).toBe(3);
  expect(await refusalOf(countFor("clerk"))).toMatch(/permission denied/);
  await platform.publish(rows(16), columns, {}, () =>
    admin.query("drop policy north on gold.t; alter table gold.t disable row level security"),
  );
  expect(await countFor("reader")).toBe(16);
});

it("a right that was taken stays so, whatever new tables are given", async () => {
  await admin.query("alter default privileges for role platform in schema gold grant select on tables to reader, clerk");
  await publish(rows(8));
  expect(await countFor("reader")).toBe(8);
  await admin.query("revoke select on gold.t from reader, clerk; grant select (id) on gold.t to clerk");
  const before = await hangingOn();
  await publish(rows(9));
  expect(await hangingOn()).toEqual(before);
  await admin.query(readable);
  await publish(rows(10, ", 1 as more"), wider);
  expect(await countFor("reader")).toBe(10);
  await admin.query("alter default privileges for role platform in schema gold revoke select on tables from reader, clerk");
});

const refusalOf = async (work: Promise<unknown>): Promise<string> => work.then(() => "", String);

it("where a column is gone, its rights and statistics go too; a policy or trigger that speaks of it is refused", async () => {
  await publish(rows(8));
  await admin.query("grant select (id), select (region) on gold.t to reader; create statistics gold.s on id, region from gold.t");
  const narrow = (): Promise<void> => publish("select 1 as id", { id: t.integer() });
  await admin.query(withPolicy);
  expect(await refusal(narrow())).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: "gold.t cannot be replaced without losing policy north: there is no column region any more",
    hint: expect.stringContaining("run again"),
  });
  expect(await countFor("reader", "(select id from gold.t) as t")).toBe(2);
  await admin.query("drop policy north on gold.t; create trigger of after update of region on gold.t execute function bi.note()");
  expect(await refusal(narrow())).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: expect.stringContaining("losing trigger of: there"),
  });
  await admin.query("drop trigger of on gold.t");
  await narrow();
  expect(await hangingOn()).toMatchObject({
    columns: [{ attname: "id" }],
    statistics: [],
    table: [{ relrowsecurity: true, relforcerowsecurity: false }],
  });
});

it("what the role may not make again, or does not fit another type, is refused in the server's words", async () => {
  await publish(rows(8));
  await admin.query("create trigger noted after insert on gold.t for each row execute function bi.note()");
  await admin.query("revoke execute on function bi.note from public");
  expect(await refusal(publish(rows(9)))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: expect.stringMatching(/^gold\.t cannot be replaced without losing trigger noted: .*permission denied for function/),
  });
  await admin.query(
    "drop trigger noted on gold.t; alter table gold.t enable row level security; create policy few on gold.t using (id < 5)",
  );
  expect(await refusal(publish("select date '2026-01-01' as id", { id: t.date() }))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: expect.stringMatching(/losing policy few, row level security: operator does not exist/),
  });
  expect(await countFor("assay")).toBe(8);
});

it("views and tables keep theirs as long as they stay what they are", async () => {
  await publish(rows(8));
  await admin.query(withPolicy);
  await publish("select 4 as id, 'south' as region", columns, { table: "gold.v", materialization: "view" });
  const view = (text: string): Promise<void> => publish(text, columns, { table: "gold.v", materialization: "view" });
  await admin.query("alter view gold.v set (security_invoker = true, security_barrier = true)");
  await view("select id, region from gold.t");
  await admin.query("grant select on gold.v to reader; grant select on gold.t to reader");
  expect(await countFor("reader", "gold.v")).toBe(2);
  // A view that becomes a table while what it reads changes would show all rows.
  expect(await refusal(publish("select id, region from gold.v", columns, { table: "gold.v" }))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: "gold.v cannot be replaced without losing options security_invoker=true, security_barrier=true: the view becomes a table",
  });
  expect(await refusal(publish("select 1 as id, 'x' as region", columns, { materialization: "view" }))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: "gold.t cannot be replaced without losing policy north: the table becomes a view",
  });
  expect(await countFor("reader", "gold.v")).toBe(2);
});

it("a bronze table that shows other files keeps its view's options", async () => {
  const show = (): Promise<void> => session.transaction(() => engine.publishBronze(session, "bronze.b", contractColumns(columns), []));
  await show();
  await admin.query("alter view bronze.b set (security_barrier = true)");
  await show();
  expect((await admin.query("select reloptions from pg_class where oid = 'bronze.b'::regclass")).rows).toEqual([
    { reloptions: ["security_barrier=true"] },
  ]);
});

it("views over a table whose columns change are kept together with its policies", async () => {
  await publish(rows(8));
  await admin.query(`${withPolicy}; ${readable}; create view gold.v with (security_invoker = true) as select region from gold.t`);
  await admin.query("alter view gold.v owner to platform; grant select on gold.v to reader");
  const [before, old] = [await hangingOn(), await oid()];
  await publish(rows(12));
  expect(await oid()).toBe(old);
  await publish(rows(16, ", 1 as more"), wider);
  expect(await oid()).not.toBe(old);
  expect(await hangingOn()).toEqual(before);
  expect(await countFor("reader", "gold.v")).toBe(4);
});

it("row security that is forced on the platform's role is refused, and never makes a table look smaller", async () => {
  await publish(rows(8), columns, { key: ["id"] });
  await admin.query(`${withPolicy}; alter table gold.t force row level security`);
  const refused = await refusal(publish(rows(9)));
  expect(refused).toMatchObject({ code: "ENGINE_DENIED", message: "gold.t has row level security that is forced on platform too" });
  expect(refused.hint).toContain('alter table "gold"."t" no force row level security');
  const read = await refusal(session.query({ text: "select count(*) from gold.t" }));
  expect(read).toMatchObject({ code: "ENGINE_DENIED", message: expect.stringContaining('row-level security policy for table "t"') });
  expect(read.hint).toContain('alter role "platform" bypassrls');
  // Who asks by hand sees what the role may see.
  expect((await readQuery(session, "select count(*)::int from gold.t")).rows).toEqual([[0]]);
  await admin.query("create view bi.over as select id from gold.t");
  expect(await refusal(publish(rows(9), columns, { key: ["id"] }))).toMatchObject({ code: "ENGINE_DENIED" });
  expect(await countFor("assay")).toBe(8);
  await admin.query("drop view bi.over; alter role platform bypassrls");
  await publish(rows(9));
  expect(await hangingOn()).toMatchObject({ table: [{ relrowsecurity: true, relforcerowsecurity: true }] });
  expect(await countFor("assay")).toBe(9);
});

it("a table that is published to subscribers gets its rows in place; where its columns change it is refused", async () => {
  await publish(rows(8));
  await admin.query("create publication sold for table gold.t");
  const before = await oid();
  expect(await refusal(publish(rows(12)))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    hint: expect.stringContaining("replica identity full"),
  });
  await admin.query("alter table gold.t replica identity full");
  await publish(rows(12));
  expect(await oid()).toBe(before);
  expect((await admin.query("select tablename from pg_publication_tables where pubname = 'sold'")).rows).toEqual([{ tablename: "t" }]);
  expect(await refusal(publish(rows(9, ", 1 as more"), wider))).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: expect.stringContaining("publication of table gold.t in publication sold"),
  });
});

it("one more connection looks at the catalog, comes again when it was ended, and goes with the last session", async () => {
  const connections = async (): Promise<number> =>
    (await admin.query("select count(*)::int as n from pg_stat_activity where usename = 'platform'")).rows[0].n;
  await publish(rows(8));
  await publish(rows(9));
  const some = await connections();
  expect(some).toBe(2);
  const [first, second] = [await engine.session(), await engine.session()];
  expect(await connections()).toBe(some + 2);
  await admin.query(withPolicy);
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'platform' and query ilike '%pg_get_statisticsobjdef%'",
  );
  await publish(rows(10));
  expect(await hangingOn()).toMatchObject({ policies: { length: 1 } });
  for (const item of [first, second]) item.close();
  await expect.poll(connections).toBe(some);
  session.close();
  await expect.poll(connections).toBe(0);
  session = await engine.session();
});
