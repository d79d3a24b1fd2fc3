import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { expect } from "vitest";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { postgresEngine } from "../../../src/adapters/postgres/engine.ts";
import { postgresStateStore } from "../../../src/adapters/postgres/state-store.ts";
import { contractColumns } from "../../../src/compile/contract.ts";
import type { Columns } from "../../../src/define/types.ts";
import type { Candidate, Engine, Session } from "../../../src/ports/engine.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";

/** A server on which the engine runs as the role `platform`, which owns its own schemas and is no superuser; `admin` is one. */
export interface Platform {
  readonly server: PostgresServer;
  readonly admin: pg.Client;
  readonly engine: Engine;
  readonly session: Session;
  /** Publishes a table `gold.t`, or another, in a transaction of its own. `before`: runs in it first. */
  publish(text: string, columns: Columns, more?: Partial<Candidate>, before?: () => Promise<unknown>): Promise<void>;
  /** What `n` is to a client that asks all the time while `work` goes on. `role`: who asks; default: the superuser. */
  seenMeanwhile(query: string, work: () => Promise<void>, role?: string): Promise<readonly number[]>;
  close(): Promise<void>;
}

export async function openPlatform(settings: Readonly<Record<string, string>> = {}): Promise<Platform> {
  const server = await startPostgres({ settings: { fsync: "off", ...settings } });
  const lake = await memoryDatabase();
  const scratch = mkdtempSync(join(tmpdir(), "assay-platform-"));
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    return client;
  };
  const admin = await connect();
  await admin.query("create role platform login password 'p'; grant create on database warehouse to platform");
  const url = server.url.replace(/\/\/[^@]*@/, "//platform:p@");
  const engine = postgresEngine({ schemaPrefix: null, url, files: () => lake.session(), scratch });
  const session = await engine.session();
  await postgresStateStore().migrate(session);
  return {
    server,
    admin,
    engine,
    session,
    publish: (text, columns, more = {}, before = async () => undefined) => {
      const base = { table: "gold.t", materialization: "table", key: null, description: null } as const;
      const item: Candidate = { ...base, select: { text }, columns: contractColumns(columns), ...more };
      return session.transaction(async () => {
        await engine.buildCandidate(session, item);
        await before();
        await engine.publish(session, item);
      });
    },
    seenMeanwhile: async (query, work, role) => {
      const client = await connect();
      if (role !== undefined) await client.query(`set role ${role}`);
      const seen = new Set<number>();
      let [polls, done] = [0, false];
      const polling = (async () => {
        for (; !done; polls++) seen.add(Number((await client.query(query)).rows[0].n));
      })();
      await Promise.all([polling, work().finally(() => (done = true))]).finally(() => client.end());
      expect(polls).toBeGreaterThan(5);
      return [...seen];
    },
    close: async () => {
      session.close();
      lake.close();
      await admin.end();
      await server.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
