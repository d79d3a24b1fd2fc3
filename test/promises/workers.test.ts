import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import type { PostgresDatabase } from "../services/postgres-database.ts";
import type { RunningCommand, TestProject } from "../support/project.ts";
import { makeProject } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

let server: PostgresServer;
let shop: TestProject;
let database: PostgresDatabase;
let workers: RunningCommand[] = [];
const killed = new Set<RunningCommand>();

beforeAll(async () => {
  server = await startPostgres({ settings: { fsync: "off", max_connections: "150" } });
}, 120_000);
afterAll(() => server.stop());

beforeEach(async () => {
  database = await server.createDatabase("shop");
  shop = await makeProject(
    {
      ...shopFiles,
      "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", pools: { heavy: 1 }, environments: {
  dev: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("PRO_URL")), workers: true },
} });
`,
    },
    { env: { PRO_URL: database.url } },
  );
});
afterEach(async () => {
  for (const worker of workers) worker.kill();
  await Promise.all(workers.map((worker) => worker.exited));
  workers = [];
  await shop.remove();
});

/** Starts workers and waits until they take steps. */
async function startWorkers(count: number, ...more: readonly string[]): Promise<readonly RunningCommand[]> {
  const started = Array.from({ length: count }, () => shop.start(["worker", "--env", "pro", ...more]));
  workers.push(...started);
  const listening = "select count(*)::int as n from pg_stat_activity where application_name = 'assay queue' and query like 'listen%'";
  await until(async () => Number((await database.sql(listening))[0]?.n) >= workers.filter((worker) => !killed.has(worker)).length);
  return started;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600 && !(await condition()); tries++) await wait(50);
  expect(await condition()).toBe(true);
}

function kill(worker: RunningCommand | undefined): void {
  worker?.kill();
  if (worker !== undefined) killed.add(worker);
}

/** Waits until somebody has the claim, kills that worker and gives its name. */
async function killHolder(claimOf: string): Promise<string> {
  // Before the first run there are no claims to look at.
  const holder = async (): Promise<string> => String((await database.sql(claimOf).catch(() => []))[0]?.worker ?? "");
  await until(async () => (await holder()) !== "");
  const held = await holder();
  kill(workers.find(({ pid }) => held.includes(` ${pid}-`)));
  return held;
}

/** A model that keeps PostgreSQL busy for some seconds, or, with millions of millions of rows, for days. */
const slow = (lines: number): string => `/*
grain: []
retries: { limit: 0 }
*/
select sum(a.i * b.i % 7)::bigint as n from generate_series(1, ${lines}) as a(i), generate_series(1, 1000) as b(i)
`;

const busy =
  "select pid from pg_stat_activity where state = 'active' and query like 'create table%slow__candidate%' and pid <> pg_backend_pid()";

describe("workers", () => {
  it("make what one process makes, every step once", async () => {
    await startWorkers(3);
    const run = await shop.json<RunResult>(["run", "--env", "pro"]);
    expect(run.steps.map(({ table, status, error }) => ({ table, status, error }))).toEqual(
      run.steps.map(({ table }) => ({ table, status: "succeeded", error: null })),
    );
    expect(await database.sql("select step from assay.steps order by position")).toEqual(run.steps.map(({ step }) => ({ step })));
    expect(await database.sql("select step from assay.claims where claim <> 1")).toEqual([]);
    const text = "select * from gold.by_product order by product";
    const shared = await shop.json(["query", text, "--env", "pro"]);
    await shop.json(["run"]);
    expect(shared).toEqual(await shop.json(["query", text]));
    // Only what changed, and what reads it.
    await shop.write({ "data/shops.csv": "shop_id,city\n1,Rome\n2,Oslo\n3,Paris\n" });
    const second = await shop.json<RunResult>(["run", "--env", "pro"]);
    const ran = second.steps.filter((step) => step.status !== "skipped").map((step) => step.table);
    expect([...ran].sort()).toEqual(["bronze.shops", "gold.shops"]);
    expect(await database.sql("select count(*)::int as n from gold.shops")).toEqual([{ n: 3 }]);
  }, 120_000);

  it("of two runs that start at the same instant one is made, and the other is told so", async () => {
    await shop.write({ "models/gold/slow.sql": slow(20_000) });
    await startWorkers(5);
    const both = await Promise.all([shop.assay(["run", "--env", "pro", "--json"]), shop.assay(["run", "--env", "pro", "--json"])]);
    expect(both.map(({ code }) => code).sort()).toEqual([0, 1]);
    const refused = both.find(({ code }) => code === 1)?.stdout ?? "";
    expect(JSON.parse(refused)).toMatchObject({ error: { code: "PROJECT_LOCKED", message: expect.stringContaining("assay run") } });
    expect(await database.sql("select count(*)::int as n from assay.runs")).toEqual([{ n: 1 }]);
    expect(await database.sql("select step from assay.steps group by step having count(*) > 1")).toEqual([]);
    expect(await database.sql("select step from assay.claims where claim <> 1")).toEqual([]);
  }, 120_000);

  it("a killed worker's step is taken over when its lease has ended, and published once", async () => {
    await shop.write({ "models/gold/slow.sql": slow(20_000) });
    await startWorkers(1, "--concurrency", "1");
    const running = shop.start(["run", "--env", "pro", "--json"]);
    await until(async () => (await database.sql(busy)).length > 0);
    const [first] = workers;
    await startWorkers(1);
    first?.kill();
    if (first !== undefined) killed.add(first);
    const { code, stdout, stderr } = await running.exited;
    expect(code, stderr + stdout).toBe(0);
    expect(await database.sql("select claim from assay.claims where step = 'build gold.slow'")).toEqual([{ claim: 2 }]);
    expect(await database.sql("select version from assay.publications where subject = 'gold.slow'")).toEqual([{ version: "1" }]);
    expect(await database.sql("select status from assay.steps where step = 'build gold.slow'")).toEqual([{ status: "succeeded" }]);
  }, 120_000);

  it("carry out a backfill, every value once, though one of them is killed", async () => {
    const days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"];
    await shop.write({
      "data/orders.csv": `order_id,day\n${days.map((day, index) => `${index + 1},${day}\n`).join("")}`,
      "models/gold/slow_days.sql": `/*
grain: [day]
materialize: { incremental: { by: [day] } }
*/
select o.day, sum(a.i * o.order_id % 7)::bigint as n from bronze.orders as o, generate_series(1, 500000) as a(i) group by 1
`,
    });
    await startWorkers(2, "--concurrency", "1");
    expect(await shop.json<RunResult>(["run", "--env", "pro", "--select", "+gold.slow_days"])).toMatchObject({ status: "succeeded" });
    await database.sql("update gold.slow_days set n = 0");
    const running = shop.start(["backfill", "gold.slow_days", "--from", "2026-01-01", "--chunks", "4", "--env", "pro", "--json"]);
    const claimOf = "select claim, worker from assay.claims where step = 'build gold.slow_days (2 of 4)'";
    const held = await killHolder(claimOf);
    const { code, stdout, stderr } = await running.exited;
    expect(code, stderr + stdout).toBe(0);
    const run = JSON.parse(stdout) as RunResult;
    expect(run.steps.map(({ step, touched }) => ({ step, values: touched?.values }))).toEqual(
      days.map((_, index) => ({ step: `build gold.slow_days (${index + 1} of 4)`, values: 1 })),
    );
    // Every step found its value spoilt, and made one version.
    expect(await database.sql("select version from assay.publications where subject = 'gold.slow_days'")).toEqual([{ version: "5" }]);
    expect(await database.sql(claimOf)).toEqual([{ claim: 2, worker: expect.not.stringContaining(held) }]);
    expect(await shop.json(["verify", "gold.slow_days", "--env", "pro"])).toMatchObject({ results: [{ status: "verified" }] });
  }, 120_000);

  it("share the chunks of a model, each made once, though one of them is killed", async () => {
    const days = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-06"];
    await shop.write({
      "data/orders.csv": `order_id,day\n${days.map((day, index) => `${index + 1},${day}\n`).join("")}`,
      "models/gold/slow_days.sql": `/*
grain: [day]
materialize: { incremental: { by: [day], chunks: { values: 1, concurrency: 4 } } }
*/
select o.day, sum(a.order_id * b.order_id * o.order_id % 7)::bigint as n
from bronze.orders as o cross join bronze.items as a cross join bronze.items as b group by 1
`,
      "data/items.csv": `order_id,product,price\n${Array.from({ length: 1_200 }, (_, index) => `${index},apple,1.50\n`).join("")}`,
    });
    await startWorkers(2, "--concurrency", "2");
    const running = shop.start(["run", "--env", "pro", "--json", "--select", "+gold.slow_days"]);
    const claimOf = "select claim, worker from assay.claims where step = 'build gold.slow_days [3/6]'";
    const held = await killHolder(claimOf);
    const { code, stdout, stderr } = await running.exited;
    expect(code, stderr + stdout).toBe(0);
    const run = JSON.parse(stdout) as RunResult;
    const chunks = run.steps.filter((step) => step.kind === "chunk");
    expect(chunks.map(({ step, status, rows_out }) => ({ step, status, rows_out }))).toEqual(
      days.map((_, index) => ({ step: `build gold.slow_days [${index + 1}/6]`, status: "succeeded", rows_out: 1 })),
    );
    expect(await database.sql(claimOf)).toEqual([{ claim: 2, worker: expect.not.stringContaining(held) }]);
    expect(await database.sql("select step from assay.steps group by step having count(*) > 1")).toEqual([]);
    expect(await database.sql("select count(*)::int as n from assay.chunks")).toEqual([{ n: 0 }]);
    expect(await shop.json(["verify", "gold.slow_days", "--env", "pro"])).toMatchObject({ results: [{ status: "verified" }] });
  }, 120_000);

  it("share the chunks of a file, every row once, though one of them is killed", async () => {
    const rowsOfFile = 2_000;
    await shop.write({
      "data/payments.csv": `id,amount\n${Array.from({ length: rowsOfFile }, (_, index) => `${index + 1},${index % 97}.50`).join("\n")}\n`,
      "sources/payments.ts": `import { bronze, csv, t } from "assay";
export const payments = bronze("payments", {
  from: csv("data/payments.csv", { directory: "." }),
  columns: { id: t.integer(), amount: t.decimal(10, 2) },
  key: ["id"],
  chunks: { rows: 10, concurrency: 12 },
});
`,
    });
    await startWorkers(3, "--concurrency", "2");
    const running = shop.start(["run", "--env", "pro", "--json", "--select", "bronze.payments"]);
    const loadedSoFar = async (): Promise<number> =>
      Number((await database.sql("select count(*)::int as n from assay.chunks").catch(() => []))[0]?.n ?? 0);
    await until(async () => (await loadedSoFar()) >= 20);
    const [victim] = workers;
    kill(victim);
    const { code, stdout, stderr } = await running.exited;
    expect(code, stderr + stdout).toBe(0);
    const run = JSON.parse(stdout) as RunResult;
    const loads = run.steps.filter((step) => step.kind === "load");
    expect(loads).toHaveLength(200);
    expect(loads.reduce((sum, step) => sum + (step.rows_out ?? 0), 0)).toBe(rowsOfFile);
    expect(
      await database.sql("select count(*)::int as n, count(distinct id)::int as ids, sum(amount)::text as total from bronze.payments"),
    ).toEqual([
      {
        n: rowsOfFile,
        ids: rowsOfFile,
        total: Array.from({ length: rowsOfFile }, (_, index) => (index % 97) + 0.5)
          .reduce((sum, value) => sum + value, 0)
          .toFixed(2),
      },
    ]);
    expect(await database.sql("select step from assay.steps group by step having count(*) > 1")).toEqual([]);
    expect(await database.sql("select distinct worker from assay.claims where step like 'load %'")).toHaveLength(3);
    expect(await loadedSoFar()).toBe(0);
    expect((await shop.json<RunResult>(["run", "--env", "pro", "--select", "bronze.payments"])).steps.map((step) => step.status)).toEqual([
      "skipped",
    ]);
  }, 120_000);

  it("a worker that was taken for dead, and comes back, publishes nothing", async () => {
    await shop.write({ "models/gold/slow.sql": slow(20_000) });
    const [sleeper] = await startWorkers(1, "--concurrency", "1");
    const running = shop.start(["run", "--env", "pro", "--json"]);
    await until(async () => (await database.sql(busy)).length > 0);
    process.kill(sleeper?.pid ?? 0, "SIGSTOP");
    await startWorkers(1);
    const { code, stderr } = await running.exited;
    expect(code, stderr).toBe(0);
    process.kill(sleeper?.pid ?? 0, "SIGCONT");
    await wait(3_000);
    process.kill(sleeper?.pid ?? 0, "SIGTERM");
    expect((await sleeper?.exited)?.stderr).toContain("another worker's by now");
    expect(await database.sql("select version from assay.publications where subject = 'gold.slow'")).toEqual([{ version: "1" }]);
    expect(await database.sql("select count(*)::int as n from assay.steps where step = 'build gold.slow'")).toEqual([{ n: 1 }]);
  }, 120_000);

  it("a run that is cancelled cancels the queries of its workers", async () => {
    await shop.write({ "models/gold/slow.sql": slow(1_000_000_000) });
    await startWorkers(2);
    const running = shop.start(["run", "--env", "pro", "--json"]);
    await until(async () => (await database.sql(busy)).length > 0);
    const asked = performance.now();
    process.kill(running.pid, "SIGINT");
    const { code, stdout } = await running.exited;
    expect(code).toBe(130);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await database.sql(busy)).toEqual([]);
    expect((JSON.parse(stdout) as RunResult).status).toBe("cancelled");
    // The workers are there for the next run.
    await shop.write({ "models/gold/slow.sql": slow(10) });
    for (const worker of workers) {
      worker.kill();
      killed.add(worker);
      await worker.exited;
    }
    await startWorkers(1);
    expect((await shop.json<RunResult>(["run", "--env", "pro"])).status).toBe("succeeded");
  }, 120_000);

  it("steps of a pool wait for a worker of it, and a worker of another project leaves steps alone", async () => {
    await shop.write({ "models/gold/slow.sql": slow(10).replace("grain: []", "grain: []\npool: heavy") });
    await startWorkers(1, "--pool", "heavy");
    const running = shop.start(["run", "--env", "pro", "--json"]);
    await until(async () => (await database.sql("select 1 from assay_queue.job where state = 'created'").catch(() => [])).length > 0);
    const claimed = (await database.sql<{ step: string }>("select step from assay.claims")).map(({ step }) => step);
    expect(claimed.filter((step) => step !== "build gold.slow")).toEqual(["*"]);
    await startWorkers(1);
    expect((await running.exited).code).toBe(0);
    const told = await shop.assay(["worker", "--env", "pro", "--pool", "hevy"]);
    expect(told).toMatchObject({ code: 2 });
    const alone = await shop.assay(["worker", "--env", "dev"]);
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining("has no workers") });
  }, 120_000);
});
