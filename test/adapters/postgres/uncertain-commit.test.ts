import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { postgresEngine } from "../../../src/adapters/postgres/engine.ts";
import { settleCommit, transactionIdSql } from "../../../src/adapters/postgres/uncertain-commit.ts";
import type { Session } from "../../../src/ports/engine.ts";
import { type LossyProxy, lossyProxy } from "../../services/lossy-proxy.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";
import { refusal } from "./warehouse.ts";

let server: PostgresServer;
let proxy: LossyProxy;
let lake: Database;
let session: Session;
let admin: pg.Client;
const scratch = mkdtempSync(join(tmpdir(), "assay-engine-"));

beforeAll(async () => {
  server = await startPostgres();
  proxy = await lossyProxy(server.port);
  lake = await memoryDatabase();
  admin = await server.connect();
  await admin.query("create table public.t (n integer primary key deferrable initially deferred)");
}, 120_000);
afterAll(async () => {
  await admin.end();
  lake.close();
  await proxy.close();
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  proxy.heal();
  await admin.query("truncate public.t");
  const url = server.url.replace(`:${server.port}/`, `:${proxy.port}/`);
  session = await postgresEngine({ url, schemaPrefix: null, files: () => lake.session(), scratch }).session();
});
afterEach(() => session.close());

const add = (n: number): Promise<string> =>
  session.transaction(async () => {
    await session.execute({ text: "insert into public.t values ($n)", params: { n } });
    return `added ${n}`;
  });
const rows = async (): Promise<readonly number[]> =>
  (await admin.query<{ n: number }>("select n from public.t order by n")).rows.map(({ n }) => n);

describe("a commit whose answer is lost", () => {
  it("and that reached the server has succeeded; the session goes on", async () => {
    proxy.lose("answer", (commit) => commit === 1);
    expect(await add(1)).toBe("added 1");
    expect(proxy.lost).toBe(1);
    expect(await add(2)).toBe("added 2");
    expect(await rows()).toEqual([1, 2]);
    const { rows: waiting } = await admin.query("select 1 from pg_stat_activity where state like 'idle in transaction%'");
    expect(waiting).toEqual([]);
  });

  it("and that did not reach the server has failed, may be tried again, and the session goes on", async () => {
    proxy.lose("commit", (commit) => commit === 1);
    expect(await refusal(add(1))).toMatchObject({ code: "ENGINE_UNREACHABLE", retryable: true });
    expect(await rows()).toEqual([]);
    expect(await add(1)).toBe("added 1");
    expect(await rows()).toEqual([1]);
  });

  it("and that will never reach the server, which waits for it, is ended there: nobody waits for its locks", async () => {
    proxy.lose("silence", (commit) => commit === 1);
    expect(await refusal(add(1))).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(await rows()).toEqual([]);
    await admin.query("begin; lock table public.t in access exclusive mode nowait; rollback");
    expect(await add(1)).toBe("added 1");
  });

  it("loses nothing where nothing was written: the session goes on with another connection", async () => {
    proxy.lose("answer", (commit) => commit === 1);
    expect(await session.transaction(() => session.query({ text: "select 1 as one" }))).toEqual([{ one: 1 }]);
    expect(proxy.lost).toBe(1);
    expect(await add(1)).toBe("added 1");
  });

  it("is looked up after a crash of the server", async () => {
    proxy.lose("answer", (commit) => commit === 1);
    proxy.thenRefuse();
    const adding = add(1);
    while (proxy.lost === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await server.crash();
    proxy.heal();
    expect(await adding).toBe("added 1");
    admin = await server.connect();
    expect(await rows()).toEqual([1]);
  }, 60_000);
});

describe("a commit that the server refuses", () => {
  it("has failed, and nobody asks", async () => {
    const twice = session.transaction(() => session.execute({ text: "insert into public.t values (1), (1)" }));
    expect(await refusal(twice)).toMatchObject({ code: "CHECK_FAILED" });
    expect(await add(1)).toBe("added 1");
  });

  it("without a word, because a statement failed of which nobody was told, has failed", async () => {
    const hidden = session.transaction(async () => {
      await session.execute({ text: "insert into public.t values (1)" });
      await session.execute({ text: "select 1 / 0" }).catch(() => undefined);
    });
    await expect(hidden).rejects.toThrow(/current transaction is aborted/);
    expect(await rows()).toEqual([]);
  });
});

describe("the server, asked for a transaction,", () => {
  const patience = { all: 1_500, end: 300, pause: 20 };
  const ask = async (id: string, pid: number): Promise<string> => {
    const open = async () => ({ client: await server.connect(), pid: 0 });
    const { outcome, line } = await settleCommit({ id, pid }, open, { ...server, database: "warehouse" }, patience);
    await line.client.end();
    return outcome;
  };
  /** Begins a transaction that has written. */
  const begun = async (n: number): Promise<{ readonly client: pg.Client; readonly id: string; readonly pid: number }> => {
    const client = await server.connect();
    await client.query(`begin; insert into public.t values (${n})`);
    const { rows: ids } = await client.query<{ id: string }>(transactionIdSql);
    const { rows: pids } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    return { client, id: ids[0]?.id ?? "", pid: pids[0]?.pid ?? 0 };
  };

  it("that goes on for a while is waited for", async () => {
    const { client, id, pid } = await begun(1);
    const asked = ask(id, pid);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await client.query("commit");
    await client.end();
    expect(await asked).toBe("committed");
  });

  it("whose process works for another one by now leaves that alone", async () => {
    const [one, other] = [await begun(1), await begun(2)];
    expect((await refusal(ask(one.id, other.pid))).code).toBe("COMMIT_UNKNOWN");
    for (const { client } of [one, other]) {
      await client.query("commit");
      await client.end();
    }
    expect(await rows()).toEqual([1, 2]);
  });

  it("that it has never heard of says that it was not committed", async () => {
    expect(await ask("900000000000", 1)).toBe("aborted");
  });
});
