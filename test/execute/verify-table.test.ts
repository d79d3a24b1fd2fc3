import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbHashes } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore, duckdbVerificationStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Manifest, ModelTable } from "../../src/compile/manifest.ts";
import { append, incremental, snapshot, view } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { staleReasons } from "../../src/execute/stale-reasons.ts";
import { type Verification, verifyTable } from "../../src/execute/verify-table.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { Publication } from "../../src/ports/state-store.ts";
import type { Params, TableName } from "../../src/terms.ts";
import { compileModels } from "./run.ts";

const sales = { name: "sales", key: ["id"], columns: { id: t.integer(), shop: t.integer(), total: t.decimal(10, 2), ratio: t.double() } };
const shops = { name: "shops", key: ["shop"], columns: { shop: t.integer(), city: t.varchar() } };
const perShop = { shop: t.integer(), city: t.varchar({ sensitive: true }), total: t.decimal(38, 2), ratio: t.double() };

const models = [
  model("silver.sales_view", { grain: ["id"], columns: sales.columns, materialize: view(), sql: sql`select * from bronze.sales` }),
  model("gold.shops", {
    grain: ["shop"],
    columns: perShop,
    materialize: incremental({ by: ["shop"], ignoreChanges: [{ name: "bronze.shops" }] }),
    sql: sql`select s.shop, max(c.city) as city, sum(s.total) as total, max(s.ratio) as ratio
      from silver.sales_view as s join bronze.shops as c on c.shop = s.shop group by s.shop`,
  }),
  model("gold.log", { grain: ["id"], columns: sales.columns, materialize: append(), sql: sql`select * from bronze.sales` }),
  model("gold.log_table", { grain: ["id"], columns: sales.columns, sql: sql`select * from bronze.sales` }),
  model("gold.scaled", {
    grain: ["id"],
    columns: { id: t.integer(), total: t.decimal(12, 2) },
    sql: sql`select id, (total * $factor::integer)::decimal(12, 2) as total from bronze.sales`,
  }),
  model("gold.broken", {
    grain: ["id"],
    columns: { id: t.integer(), city: t.integer() },
    sql: sql`select s.id, c.city::integer as city from bronze.sales as s join bronze.shops as c on c.shop = s.shop`,
  }),
  model("gold.history", {
    grain: ["id"],
    columns: { id: t.integer(), seen: t.timestamp(), total: t.decimal(10, 2) },
    materialize: snapshot({ at: "seen" }),
    sql: sql`select id, timestamp '2026-01-01' + interval (shop) day as seen, total from bronze.sales`,
  }),
];

let database: Database;
let session: Session;
let manifest: Manifest;

beforeAll(async () => {
  manifest = await compileModels([sales, shops], models, z.object({ factor: z.int().default(1) }));
  database = await memoryDatabase();
  session = await database.session();
  await duckdbStateStore().migrate(session);
  await session.execute({
    text: `create table bronze.sales as select i::integer as id, (i % 2)::integer as shop, (i * 1.5)::decimal(10, 2) as total, 0.1::double as ratio from range(10) as r(i);
      create table bronze.shops as select * from (values (0, 'Rome'), (1, 'Oslo')) as v(shop, city);
      create view silver.sales_view as select * from bronze.sales;`,
  });
});
afterAll(() => {
  session.close();
  database.close();
});

const tableNamed = (name: TableName): ModelTable => {
  const table = manifest.tables.find((item) => item.name === name);
  if (table?.kind !== "model") throw new Error(`no model ${name}`);
  return table;
};

/** Everything published once, from the first versions. */
function published(changes: Readonly<Partial<Record<TableName, Partial<Publication>>>> = {}): ReadonlyMap<string, Publication> {
  return new Map(
    manifest.tables.map((table) => {
      const inputs = Object.fromEntries(table.dependencies.map((name) => [name, "1"]));
      const { name: subject, fingerprint } = table;
      const rest = { params: {} as Params, rows: 0, content: null, cost: null, published_at: "" };
      return [subject, { subject, version: "1", run_id: "r", fingerprint, inputs, ...rest, ...changes[table.name] }] as const;
    }),
  );
}

interface Options {
  readonly stale?: boolean;
  readonly publications?: ReadonlyMap<string, Publication>;
}

async function verify(name: TableName, { stale = false, publications = published() }: Options = {}): Promise<Verification> {
  const context = { manifest, engine: duckdbHashes, store: duckdbVerificationStore(), publications, clock: () => 0, samples: 3, stale };
  return verifyTable(context, session, tableNamed(name));
}

const publish = (name: TableName, select = tableNamed(name).select): Promise<void> =>
  session.execute({ text: `create or replace table ${name} as ${select}` });

const residue = async (): Promise<unknown> =>
  (await session.query({ text: "select count(*)::integer as tables from duckdb_tables() where temporary" }))[0]?.tables;

describe("an incremental table", () => {
  it("is verified when its rows are those of the full build, and that is recorded", async () => {
    await publish("gold.shops");
    expect(await verify("gold.shops")).toMatchObject({ status: "verified", proves: "rows", comparison: { equal: 2 }, error: null });
    const latest = await duckdbVerificationStore().latest(session);
    expect(latest.get("gold.shops")).toEqual({
      table: "gold.shops",
      version: "1",
      run_id: "r",
      verified_at: "1970-01-01T00:00:00.000Z",
      status: "verified",
    });
    expect(await residue()).toBe(0);
  });

  it("differs by key and column when a row was changed behind its back; sensitive values stay hidden", async () => {
    await publish("gold.shops");
    await session.execute({ text: "update gold.shops set total = total + 0.01, city = 'Bergen' where shop = 1" });
    const found = await verify("gold.shops");
    expect(found).toMatchObject({
      status: "differs",
      comparison: {
        by: "key",
        changed: 1,
        equal: 1,
        columns: [
          { column: "city", changed: 1 },
          { column: "total", changed: 1 },
        ],
      },
    });
    expect(found.comparison?.samples.changed).toEqual([
      {
        key: { shop: "1" },
        columns: [
          { column: "city", old: "***", new: "***" },
          { column: "total", old: "37.51", new: "37.50" },
        ],
      },
    ]);
    expect(JSON.stringify(found)).not.toMatch(/Bergen|Oslo/);
  });

  it("may differ on purpose where it ignores changes, but only once there were any", async () => {
    await publish("gold.shops");
    await session.execute({ text: "update gold.shops set city = 'Bergen' where shop = 1" });
    const publications = published({ "bronze.shops": { version: "2" } });
    const found = await verify("gold.shops", { publications });
    expect(found.status).toBe("may_differ");
    expect(found.notes).toEqual(["it ignores changes of bronze.shops: rows built earlier may differ on purpose"]);
    expect((await verify("gold.shops")).status).toBe("differs");
  });

  it("says of doubles that differ that their sums depend on the order", async () => {
    await publish("gold.log_table");
    await session.execute({ text: "update gold.log_table set ratio = ratio + 1e-15 where id = 1" });
    expect((await verify("gold.log_table")).notes).toEqual([
      "sums of doubles depend on the order of rows (ratio): a decimal column does not",
    ]);
  });
});

describe("a stale table", () => {
  it("is not compared: an upstream is newer, also behind a view, or the definition changed", async () => {
    await publish("gold.shops");
    const newerSales = published({ "bronze.sales": { version: "2" } });
    expect(await verify("gold.shops", { publications: newerSales })).toMatchObject({
      status: "stale",
      comparison: null,
      notes: ["bronze.sales has version 2, gold.shops was built from 1"],
    });
    expect(staleReasons(tableNamed("gold.log"), manifest, newerSales)).toEqual(["bronze.sales has version 2, gold.log was built from 1"]);
    expect(staleReasons(tableNamed("gold.log"), manifest, published({ "gold.log": { fingerprint: "old" } }))).toEqual([
      "its definition changed since it was built",
    ]);
    expect(staleReasons(tableNamed("gold.log"), manifest, new Map())).toEqual(["it was never built"]);
    expect(await verify("gold.log", { publications: new Map(), stale: true })).toMatchObject({ status: "stale", version: null });
  });

  it("is compared on demand, but a difference is not recorded as a finding", async () => {
    await publish("gold.shops");
    const publications = published({ "bronze.sales": { version: "2" } });
    expect((await verify("gold.shops", { publications, stale: true })).status).toBe("verified");
    await session.execute({ text: "delete from gold.shops where shop = 1" });
    const found = await verify("gold.shops", { publications, stale: true });
    expect(found).toMatchObject({
      status: "differs",
      comparison: { added: 1 },
      notes: ["bronze.sales has version 2, gold.shops was built from 1"],
    });
    expect((await duckdbVerificationStore().latest(session)).get("gold.shops")?.status).toBe("verified");
  });
});

describe("an append table", () => {
  it("is verified when no key is missing, whatever became of the values and of rows added earlier", async () => {
    await publish("gold.log");
    await session.execute({ text: "update gold.log set total = 99 where id = 3; insert into gold.log values (50, 1, 1, 1)" });
    expect(await verify("gold.log")).toMatchObject({
      status: "verified",
      proves: "keys",
      comparison: { added: 0, removed: 1 },
      notes: [
        "an append table: proven is that no key of its SQL is missing; values of rows added earlier are not compared",
        "1 key is no longer in what the SQL yields; append keeps it",
      ],
    });
  });

  it("differs when a key is missing", async () => {
    await publish("gold.log");
    await session.execute({ text: "delete from gold.log where id = 7" });
    const found = await verify("gold.log");
    expect(found).toMatchObject({ status: "differs", comparison: { added: 1, samples: { added: [{ row: { id: "7" }, times: 1 }] } } });
  });
});

describe("a snapshot", () => {
  const kept =
    'create or replace table assay_versions."gold.history" (id integer, seen timestamp, total decimal(10, 2), _at timestamp, _deleted boolean, _inferred boolean)';
  const history = `create or replace table gold.history as select id, timestamp '2026-01-01' + interval (shop) day as seen, total,
    timestamp '0001-01-01' as valid_from, timestamp '9999-12-31' as valid_to, true as is_current from bronze.sales`;

  it("is verified against the versions it has kept and those its SQL yields", async () => {
    await session.execute({ text: `${kept}; ${history}` });
    expect(await verify("gold.history")).toMatchObject({ status: "verified", notes: [expect.stringMatching(/^a snapshot: /)] });
    await session.execute({
      text: "insert into assay_versions.\"gold.history\" values (0, '2025-01-01', 5, '2025-01-01', false, false)",
    });
    expect(await verify("gold.history")).toMatchObject({ status: "differs", comparison: { added: 1, changed: 1 } });
    await session.execute({
      text: `update gold.history set valid_from = '2026-01-01' where id = 0;
        insert into gold.history values (0, '2025-01-01', 5, '0001-01-01', '2026-01-01', false)`,
    });
    expect((await verify("gold.history")).status).toBe("verified");
  });

  it("differs when a version its SQL yields is missing", async () => {
    await session.execute({ text: `${kept}; ${history}; delete from gold.history where id = 4` });
    expect(await verify("gold.history")).toMatchObject({ status: "differs", comparison: { added: 1 } });
  });
});

it("builds with the parameters the table was published with", async () => {
  await publish("gold.scaled", "select id, (total * 3)::decimal(12, 2) as total from bronze.sales");
  expect((await verify("gold.scaled", { publications: published({ "gold.scaled": { params: { factor: 3 } } }) })).status).toBe("verified");
  expect(await verify("gold.scaled", { publications: published({ "gold.scaled": { params: { factor: 2 } } }) })).toMatchObject({
    status: "differs",
    comparison: { changed: 9, equal: 1 },
  });
});

it("skips a view", async () => {
  expect(await verify("silver.sales_view")).toMatchObject({
    status: "skipped",
    notes: ["silver.sales_view is a view: it stores no rows that could differ from its SQL"],
  });
});

it("reports a full build that fails, without sensitive values, and goes on working", async () => {
  await publish("gold.broken", "select 1 as id, 1 as city");
  expect(await verify("gold.broken")).toMatchObject({
    status: "failed",
    error: {
      code: "BUILD_FAILED",
      message: expect.stringMatching(/^gold\.broken: .*convert/),
      hint: expect.stringMatching(/was not touched/),
    },
  });
  await session.execute({ text: "drop table gold.broken" });
  expect((await verify("gold.broken")).status).toBe("failed");
  await publish("gold.shops");
  expect((await verify("gold.shops")).status).toBe("verified");
});
