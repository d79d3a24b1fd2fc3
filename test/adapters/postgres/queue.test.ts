import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresSql } from "../../../src/adapters/postgres/engine-sql.ts";
import { createClaims } from "../../../src/adapters/postgres/queue/claims.ts";
import { postgresQueue } from "../../../src/adapters/postgres/queue/postgres-queue.ts";
import { postgresWorkSource } from "../../../src/adapters/postgres/queue/work-source.ts";
import type { QueuedStep } from "../../../src/ports/queue.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";

let server: PostgresServer;
const sql = postgresSql(null);

beforeAll(async () => {
  // What a commit does not write itself is not written by anybody else in time.
  server = await startPostgres({ settings: { wal_writer_delay: "10s", bgwriter_delay: "10s" } });
  await server.sql(`create schema assay; ${createClaims(sql)}
    create table assay.runs (run_id varchar, status varchar); insert into assay.runs values ('r1', 'running'); checkpoint`);
});
afterAll(() => server?.stop());

test("a claim outlasts a crash of the server right after it was given: nobody else is given the same", async () => {
  const options = { url: server.url, sql, project: "p", warn: () => undefined };
  const queue = await postgresQueue({ ...options, idle: () => undefined, recorded: async () => null });
  const source = await postgresWorkSource({ ...options, pools: [null], worker: "w1" });
  const step: QueuedStep<object> = { run_id: "r1", step: "build gold.sales", attempt: 1, pool: null, priority: 0, work: {} };
  const handed = queue.carryOut(step, undefined).catch((error: unknown) => error);
  try {
    await expect.poll(async () => (await source.take(1)).map((taken) => taken.lease.claim), { timeout: 10_000 }).toEqual([1]);
    await server.crash();
    expect(await server.sql("select step, claim, worker from assay.claims")).toEqual([{ step: step.step, claim: 1, worker: "w1" }]);
  } finally {
    await source.close();
    await queue.close();
    await Promise.race([handed, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  }
}, 60_000);
