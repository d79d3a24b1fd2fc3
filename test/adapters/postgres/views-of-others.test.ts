import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { contractColumns } from "../../../src/compile/contract.ts";
import { type Columns, t } from "../../../src/define/types.ts";
import type { Candidate, Engine, Session } from "../../../src/ports/engine.ts";
import { openPlatform, type Platform } from "./platform.ts";
import { refusal } from "./warehouse.ts";

let platform: Platform;
let admin: pg.Client;
let engine: Engine;
let session: Session;

/** The role that runs Assay owns its own schemas; `bi` belongs to others. */
beforeAll(async () => {
  platform = await openPlatform();
  ({ admin, engine, session } = platform);
  await admin.query(`create role analyst; create role reader; create schema bi authorization analyst; grant usage on schema bi to public;
    grant usage on schema bronze, silver, gold to analyst`);
}, 120_000);
afterAll(() => platform?.close());
beforeEach(async () => {
  await admin.query("revoke analyst from platform; revoke all on schema bi from platform; drop view if exists gold.v cascade");
  await admin.query("drop table if exists gold.t cascade; drop owned by analyst; create schema bi authorization analyst");
  await admin.query("grant usage on schema bi to public; grant usage on schema bronze, silver, gold to analyst");
});

/** Lets the platform's role do what the analysts' may. */
const trusted = (): Promise<unknown> => admin.query("grant analyst to platform; grant all on schema bi to platform");

const columns = { id: t.integer(), name: t.varchar({ nullable: true }) };
const rows = (count: number, more = ""): string => `select i as id, 'row ' || i as name${more} from generate_series(1, ${count}) as i`;
const publish = (text: string, more: Partial<Candidate> = {}, of: Columns = columns): Promise<void> => platform.publish(text, of, more);

const theirs = async (view: string, ...more: readonly string[]): Promise<void> => {
  await admin.query(`grant select on all tables in schema gold to analyst; set role analyst; ${[view, ...more].join("; ")}; reset role`);
};
const count = async (relation: string): Promise<number> => Number((await admin.query(`select count(*) as n from ${relation}`)).rows[0]?.n);
const seenMeanwhile = (relation: string, work: () => Promise<void>): Promise<readonly number[]> =>
  platform.seenMeanwhile(`select count(*) as n from ${relation}`, work);

const state = `select n.nspname || '.' || c.relname as name, pg_get_userbyid(relowner) as owner, relacl::text as acl, reloptions as options,
    obj_description(c.oid) as comment, pg_get_viewdef(c.oid) as definition
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'bi' and c.relkind = 'v' order by 1`;

it("a table of the same columns gets other rows under whatever stands on it, without any right on that", async () => {
  await publish(rows(2_000), { key: ["id"], description: "first" });
  await theirs(
    "create view bi.names as select id, name from gold.t",
    "create view bi.outer as select * from bi.names where id > 0",
    "create materialized view bi.kept as select count(*) as n from gold.t",
    "create function bi.f() returns bigint begin atomic select count(*) from gold.t; end",
  );
  await admin.query("create index by_hand on gold.t (name)");
  const before = await admin.query(state);
  const [{ oid }] = (await admin.query("select 'gold.t'::regclass::oid as oid")).rows;
  const earlier = new pg.Client({ connectionString: platform.server.url });
  await earlier.connect();
  await earlier.query("begin isolation level repeatable read; select 1 from pg_class limit 1");
  const seen = await seenMeanwhile("bi.outer", async () => {
    for (let time = 0; time < 5; time += 1) await publish(rows(2_000), { key: ["id"] });
  });
  expect(seen).toEqual([2_000]);
  await publish(rows(3), { key: ["id"], description: null });
  // One that looked before still sees what was there then.
  expect((await earlier.query("select count(*)::int as n from bi.outer")).rows).toEqual([{ n: 2_000 }]);
  await earlier.end();
  expect(await count("bi.outer")).toBe(3);
  expect((await admin.query("select bi.f()::int as n, obj_description('gold.t'::regclass) as said")).rows).toEqual([{ n: 3, said: null }]);
  expect((await admin.query("select 'gold.t'::regclass::oid as oid")).rows).toEqual([{ oid }]);
  expect((await admin.query(state)).rows).toEqual(before.rows);
  expect(await count("pg_class where relname like '%candidate%' or relname = 'by_hand'")).toBe(1);
});

it("a table under a view gets its rows in place as long as its indexes are the declared ones, and those when they are not", async () => {
  await trusted();
  const indexes = { t_by_name: ["name"] };
  await publish(rows(3), { indexes });
  await theirs("create view bi.names as select name from gold.t");
  const oid = async (): Promise<unknown> => (await admin.query("select 'gold.t'::regclass::oid as oid")).rows[0]?.oid;
  const before = await oid();
  await publish(rows(4), { indexes });
  expect(await oid()).toBe(before);
  await publish(rows(5), { indexes: { t_by_name: ["name", "id"] } });
  expect(await oid()).not.toBe(before);
  expect(await count("pg_indexes where indexname = 't_by_name' and indexdef like '%(name, id)'")).toBe(1);
  expect(await count("bi.names")).toBe(5);
});

it("where columns change, views are made again as they were, if the role may", async () => {
  await trusted();
  await publish(rows(2_000));
  await theirs(
    "create view bi.names with (security_barrier = true) as select id, name from gold.t",
    "create view bi.outer as select name from bi.names",
    "comment on view bi.names is 'it''s theirs'",
    "grant select on bi.names to reader",
  );
  const before = (await admin.query(state)).rows;
  expect(before).toMatchObject([{ name: "bi.names", owner: "analyst" }, { name: "bi.outer" }]);
  const wider = { ...columns, more: t.integer() };
  const seen = await seenMeanwhile("bi.outer", async () => {
    for (let time = 0; time < 4; time += 1)
      await publish(rows(2_000, time % 2 === 0 ? ", 1 as more" : ""), {}, time % 2 === 0 ? wider : columns);
  });
  expect(seen).toEqual([2_000]);
  expect((await admin.query(state)).rows).toEqual(before);
});

it("a view of the project that becomes a table, and a view again, keeps the views over it", async () => {
  await trusted();
  await publish(rows(5), { table: "gold.v", materialization: "view" });
  await theirs("create view bi.over as select count(*) as n from gold.v");
  for (const materialization of ["table", "view", "view"] as const) await publish(rows(7), { table: "gold.v", materialization });
  expect(
    (await admin.query("select n::int as n, pg_get_userbyid(relowner) as owner from bi.over, pg_class where relname = 'over'")).rows,
  ).toEqual([{ n: 7, owner: "analyst" }]);
});

it("a bronze table that shows other files keeps the views over it", async () => {
  await trusted();
  const show = (): Promise<void> => session.transaction(() => engine.publishBronze(session, "bronze.b", contractColumns(columns), []));
  await show();
  await admin.query("grant select on all tables in schema bronze to analyst");
  await theirs("create view bi.raw as select id from bronze.b");
  await show();
  expect(await count("bi.raw")).toBe(0);
  await admin.query("drop view bi.raw");
});

it("what cannot be kept is named, with what to run; the old table stands", async () => {
  await publish(rows(2));
  await theirs("create view bi.names as select id, name from gold.t", "create view bi.outer as select name from bi.names");
  const narrower = () => publish("select 1 as id", {}, { id: t.integer() });
  // Not the role's to drop.
  const denied = await refusal(narrower());
  expect(denied).toMatchObject({
    code: "DEPENDENT_OBJECTS",
    message: expect.stringMatching(/^gold\.t is read by view bi\.names, view bi\.outer/),
  });
  expect(denied.hint).toContain('drop view "bi"."outer"; drop view "bi"."names";');
  expect(denied.hint).toContain("let platform be a member of analyst");
  // A column they read is gone.
  await trusted();
  const gone = await refusal(narrower());
  expect(gone).toMatchObject({ code: "DEPENDENT_OBJECTS", message: expect.stringMatching(/column .*name.* does not exist/) });
  expect(await count("bi.outer")).toBe(2);
  await admin.query("drop view bi.outer; set role analyst; create materialized view bi.kept as select * from bi.names; reset role");
  const kept = await refusal(narrower());
  expect(kept).toMatchObject({ code: "DEPENDENT_OBJECTS", message: expect.stringContaining("materialized view bi.kept") });
  expect(await count("bi.names")).toBe(2);
});

it("a foreign key of others is named", async () => {
  await publish(rows(2), { key: ["id"] });
  await admin.query("create table bi.child (id int)");
  await admin.query("alter table gold.t drop constraint t_pkey; alter table gold.t add primary key (id)");
  await admin.query("insert into bi.child values (2); alter table bi.child add foreign key (id) references gold.t (id)");
  const refused = await refusal(publish(rows(2), { key: ["id"] }));
  expect(refused).toMatchObject({ code: "DEPENDENT_OBJECTS", message: expect.stringContaining("child_id_fkey") });
  await admin.query("drop table bi.child");
});
