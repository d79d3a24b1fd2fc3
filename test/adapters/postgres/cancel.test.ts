import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { postgresEngine } from "../../../src/adapters/postgres/engine.ts";
import type { Engine, Session } from "../../../src/ports/engine.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";

let server: PostgresServer;
let lake: Database;
let engine: Engine;
let other: Session;
const scratch = mkdtempSync(join(tmpdir(), "assay-cancel-"));

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off" } });
  lake = await memoryDatabase();
  engine = postgresEngine({ url: server.url, schemaPrefix: null, files: () => lake.session(), scratch });
  other = await engine.session();
  await other.execute({ text: "create schema bank; create table bank.kept as select 1 as n" });
}, 120_000);
afterAll(async () => {
  other.close();
  lake.close();
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const endless = { text: "select sum(a * b % 7) as never_done from generate_series(1, 1000000) as a, generate_series(1, 1000000) as b" };

/** Statements of others that the server is busy with. */
async function running(): Promise<number> {
  const [row] = await other.query({
    text: "select count(*)::integer as n from pg_stat_activity where state = 'active' and query like '%never_done%' and pid <> pg_backend_pid()",
  });
  return Number(row?.n);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400 && !(await condition()); tries++) await wait(25);
  expect(await condition()).toBe(true);
}

test("a cancelled session's statement is gone from the server, and its transaction rolled back", async () => {
  for (const delay of [0, 300]) {
    const session = await engine.session();
    const work = session.transaction(async () => {
      await session.execute({ text: "insert into bank.kept values (2)" });
      await session.query(endless);
    });
    const failed = expect(work).rejects.toThrow(/cancel/);
    if (delay > 0) await until(async () => (await running()) === 1);
    await session.cancel();
    await failed;
    expect(await running()).toBe(0);
    await expect(session.query({ text: "select 1" })).rejects.toThrow("cancelled");
    session.close();
    expect(await other.query({ text: "select count(*)::integer as n from bank.kept" })).toEqual([{ n: 1 }]);
  }
}, 60_000);

test("the files' DuckDB of a session is cancelled with it", async () => {
  const session = await engine.session();
  const work = session.files.query({ text: "select sum(a.i * b.i % 7) as n from range(10000000) as a(i), range(10000000) as b(i)" });
  const failed = expect(work).rejects.toThrow(/interrupt/i);
  await wait(100);
  await session.cancel();
  await failed;
  session.close();
}, 60_000);
