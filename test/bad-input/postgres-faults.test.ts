import { mkdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { dearItems, type PostgresShop, type PostgresShops, startPostgresShops } from "../support/postgres-shop.ts";
import { needMounts, smallDisk } from "./mounts.ts";

let shops: PostgresShops;
let shop: PostgresShop;
beforeAll(async () => {
  shops = await startPostgresShops();
}, 120_000);
afterAll(() => shops.stop());
afterEach(() => shop.remove());

/** A shop whose tables are built, and whose prices have changed since. */
async function changedShop(files?: Readonly<Record<string, string>>): Promise<PostgresShop> {
  shop = await shops.open(files);
  expect(await shop.run()).toEqual([]);
  await shop.project.write(dearItems);
  return shop;
}

async function goesOn(): Promise<void> {
  expect(await shop.run()).toEqual([]);
  expect(await shop.revenue()).toBe("9.00");
  const client = await shop.connect();
  const { rows } = await client.query("select relname from pg_class where relname like '%candidate%' and relpersistence = 'p'");
  expect(rows).toEqual([]);
}

const untouched = async (): Promise<void> => expect(await shop.revenue()).toBe("5.75");

/** Process ids of those that wait for a lock. */
async function waiting(client: pg.Client): Promise<readonly number[]> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { rows } = await client.query<{ pid: number }>(
      "select distinct pid from pg_locks where not granted and (database is null or database = (select oid from pg_database where datname = current_database()))",
    );
    if (rows.length > 0) return rows.map(({ pid }) => pid);
    await setTimeout(25);
  }
  throw new Error("nobody waits");
}

/** Starts a run that waits in mid-build, since somebody has the table it reads. */
async function stoppedRun(): Promise<{ readonly holder: pg.Client; readonly run: ReturnType<PostgresShop["run"]>; readonly pid: number }> {
  const holder = await shop.connect();
  await holder.query("begin; lock table silver.sales in access exclusive mode");
  const run = shop.run();
  const [pid = 0] = await waiting(holder);
  return { holder, run, pid };
}

describe("in mid-build", () => {
  test.each(["SIGQUIT", "SIGKILL"] as const)("the server ends by %s: the old tables stand, and the next run goes on", async (signal) => {
    await changedShop();
    const { run } = await stoppedRun();
    process.kill(shops.server.pid, signal);
    const [failure] = await run;
    expect(failure).toMatchObject({
      code: "ENGINE_UNREACHABLE",
      message: expect.stringMatching(/^PostgreSQL at 127\.0\.0\.1:\d+ cannot be reached, or closed the connection: /),
      hint: expect.stringContaining("run again when the server answers"),
    });
    expect(await shop.run()).toMatchObject([{ code: "ENGINE_UNREACHABLE" }]);
    await shops.server.crash();
    await untouched();
    await goesOn();
  });

  test("an administrator ends the connection", async () => {
    await changedShop();
    const { holder, run, pid } = await stoppedRun();
    await holder.query("select pg_terminate_backend($1)", [pid]);
    await holder.query("rollback");
    expect((await run)[0]).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    await untouched();
    await goesOn();
  });

  test("an administrator ends the statement", async () => {
    await changedShop();
    const { holder, run, pid } = await stoppedRun();
    await holder.query("select pg_cancel_backend($1)", [pid]);
    await holder.query("rollback");
    expect((await run)[0]).toMatchObject({
      code: "BUILD_FAILED",
      message: expect.stringContaining("canceling statement due to user request"),
      hint: expect.stringContaining("somebody ended the statement on the server"),
    });
    await untouched();
    await goesOn();
  });
});

describe("other transactions", () => {
  test("a deadlock: the step that the server ends is told and tried again", async () => {
    await changedShop();
    const client = await shop.connect();
    // The run, not the other one, is to find the circle.
    await client.query("set deadlock_timeout = '100s'");
    await client.query(`alter database ${shop.database} set deadlock_timeout = '2s'`);
    await client.query("begin; lock table assay.steps in share row exclusive mode");
    const run = shop.run();
    // bronze.items is published, but not on record yet.
    await waiting(await shop.connect());
    await client.query("select * from bronze.items");
    await client.query("rollback");
    expect((await run)[0]).toMatchObject({
      code: "ENGINE_BUSY",
      message: expect.stringContaining("deadlock detected"),
      hint: "two transactions waited for each other: run again",
    });
    expect(await shop.revenue()).toBe("9.00");
    await goesOn();
  });

  test("a row of the state changed by somebody else: the step is told and tried again", async () => {
    await changedShop();
    const client = await shop.connect();
    await client.query("begin; update assay.publications set rows = rows where subject = 'gold.by_day'");
    const run = shop.run();
    await waiting(await shop.connect());
    await client.query("commit");
    expect(await run).toMatchObject([
      { step: "build gold.by_day", code: "ENGINE_BUSY", message: expect.stringContaining("could not serialize access") },
    ]);
    expect(await shop.revenue()).toBe("9.00");
    await goesOn();
  });
});

describe("limits", () => {
  test("of the role's connections", async () => {
    await changedShop();
    const client = await shop.connect();
    const role = new URL(shop.url).username;
    for (const limit of [0, 1, 2]) {
      await client.query(`alter role ${role} connection limit ${limit}`);
      expect((await shop.run())[0]).toMatchObject({
        code: "ENGINE_UNREACHABLE",
        message: expect.stringContaining(`too many connections for role "${role}"`),
        hint: expect.stringContaining("raise max_connections or the limit of the role"),
      });
      await untouched();
    }
    await client.query(`alter role ${role} connection limit -1`);
    await goesOn();
  });

  test("of time, meant for people, do not end a run", async () => {
    await changedShop();
    const client = await shop.connect();
    const role = new URL(shop.url).username;
    const names = ["statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout"];
    const { rows } = await client.query<{ name: string }>("select name from pg_settings where name = any($1)", [names]);
    for (const { name } of rows) await client.query(`alter role ${role} set ${name} = '300ms'`);
    const { holder, run } = await stoppedRun();
    await setTimeout(1_000);
    await holder.query("rollback");
    expect(await run).toEqual([]);
    await goesOn();
  });

  test("of temporary files", async () => {
    await changedShop({
      "models/gold/large.sql":
        "/*\ngrain: [n]\n*/\nselect count(*) as n from (select r, md5(r::varchar) as t from range(400000) as t(r) order by md5(r::varchar) desc offset 1) as sorted\n",
    });
    const client = await shop.connect();
    const role = new URL(shop.url).username;
    await client.query(`alter role ${role} set temp_file_limit = '64kB'; alter role ${role} set work_mem = '64kB'`);
    await shop.project.write({
      "models/gold/large.sql":
        "/*\ngrain: [n]\n*/\nselect count(*) + 0 as n from (select r, md5(r::varchar) as t from range(400000) as t(r) order by md5(r::varchar) desc offset 1) as sorted\n",
    });
    expect(await shop.run()).toMatchObject([
      {
        step: "build gold.large",
        code: "DISK_FULL",
        message: expect.stringContaining("temporary file size exceeds"),
        hint: expect.stringContaining("temp_file_limit"),
      },
    ]);
    await client.query(`alter role ${role} reset all`);
    await goesOn();
  });
});

test("a full disk: the old tables stand, and with space the next run goes on", async (context) => {
  needMounts(context);
  const folder = await mkdtemp(join(tmpdir(), "assay-tablespace-"));
  await smallDisk(folder, "24m", async (disk) => {
    const place = join(folder, "data");
    mkdirSync(place);
    shop = await shops.open({}, place);
    expect(await shop.run()).toEqual([]);
    const rows = Array.from({ length: 400_000 }, (_, index) => `${(index % 3) + 1},p${index},0.01`);
    await shop.project.write({ "data/items.csv": `order_id,product,price\n${rows.join("\n")}\n` });
    expect((await shop.run())[0]).toMatchObject({
      code: "DISK_FULL",
      message: expect.stringMatching(/^PostgreSQL at .*(No space left on device|could not extend file)/),
      hint: "free some space on the server and run again; what was published before stands",
    });
    await untouched();
    disk.grow("400m");
    expect(await shop.run()).toEqual([]);
    expect(await shop.revenue()).toBe("4000.00");
    await shops.drop(shop);
  });
  await rm(folder, { recursive: true, force: true });
}, 60_000);

test("a function of an extension that is not there", async () => {
  shop = await shops.open({
    "models/gold/alike.sql": "/*\ngrain: [product]\n*/\nselect product, jaccard(product, 'apple') as alike from gold.by_product\n",
    "models/gold/alike.postgres.sql":
      "select product, public.similarity(product, 'apple')::double precision as alike from gold.by_product\n",
  });
  expect(await shop.run()).toMatchObject([
    {
      step: "build gold.alike",
      code: "BUILD_FAILED",
      message: expect.stringMatching(/function public\.similarity\(.*\) does not exist.*CREATE EXTENSION/),
    },
  ]);
});
