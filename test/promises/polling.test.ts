import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Database, fileDatabase, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { fileSource } from "../../src/adapters/files/index.ts";
import { localLake } from "../../src/adapters/files/lake.ts";
import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { messageOf } from "../../src/errors.ts";
import { executePlan } from "../../src/execute/execute-plan.ts";
import { bronze, check, csv, defineProject, model, sql, t } from "../../src/index.ts";
import { planRun } from "../../src/plan/plan-run.ts";
import type { RunStatus } from "../../src/terms.ts";

const versions = 16;
/** Every row of a version has the version's number; the number of rows differs, too. Odd versions break a check somewhere. */
const rowsIn = (version: number): number => 20_000 + version * 1_000;

const numbers = bronze("numbers", {
  from: csv("numbers.csv"),
  columns: { id: t.integer(), version: t.integer() },
  key: ["id"],
  checks: [check.expression("door", "version % 4 <> 1")],
});
const kept = model("silver.kept", {
  grain: ["id"],
  columns: { id: t.integer(), version: t.integer() },
  checks: [check.expression("cleaned", "version % 4 <> 3")],
  sql: sql`select id, version from ${numbers}`,
});
const counted = model("gold.counted", {
  grain: ["bucket"],
  columns: { bucket: t.integer(), n: t.bigint(), version: t.integer() },
  checks: [check.conserves("n", kept, { measure: "1" })],
  sql: sql`select id % 500 as bucket, count(*) as n, coalesce(max(version), 0) as version from ${kept} group by id % 500`,
});

let folder: string;
let database: Database;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "assay-polling-"));
  await mkdir(join(folder, "data"));
  database = await fileDatabase(join(folder, "warehouse.duckdb"));
});
afterEach(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function compiled(): Promise<Manifest> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    const project = {
      folder,
      config: defineProject({ name: "polled" }),
      bronze: [numbers],
      models: [kept, counted],
      pipelines: [],
      sinks: [],
    };
    return await compileProject(project, analyzer);
  } finally {
    analyzer.close();
  }
}

/** One run, as `assay run` does it. */
async function run(manifest: Manifest, runId: string): Promise<RunStatus> {
  const store = duckdbStateStore();
  const session = await database.session();
  await store.migrate(session);
  const state = await store.read(session);
  session.close();
  const source = fileSource(Date.now);
  const observations = new Map([
    ["bronze.numbers" as const, { files: await source.list(csv("numbers.csv"), join(folder, "data"), new Map(), []) }],
  ]);
  const selected = new Set(manifest.tables.map((table) => table.name));
  const options = { pipeline: "all", environment: "dev", params: {}, fullRefresh: false };
  const result = await executePlan(
    planRun({ manifest, state, observations, targets: new Map(), selected, lake: join(folder, "lake"), ...options }),
    {
      manifest,
      engine: duckdbEngine(database),
      store,
      lake: localLake(join(folder, "lake")),
      source,
      openSink: () => Promise.reject(new Error("no sink")),
      observations,
      state,
      fullRefresh: false,
      alwaysRefresh: false,
      clock: Date.now,
      runId,
      scratch: join(folder, "scratch", runId),
      concurrency: 2,
      secrets: [],
      emit: () => undefined,
    },
  );
  return result.status;
}

/** What one look at the three tables shows, and what the record says of them; both from one snapshot. */
const look = `select
  (select count(*) || ' of version ' || min(version) || '-' || max(version) from bronze.numbers) as bronze,
  (select count(*) || ' of version ' || min(version) || '-' || max(version) from silver.kept) as silver,
  (select sum(n) || ' of version ' || min(version) || '-' || max(version) from gold.counted) as gold,
  (select count(*) from bronze.numbers) = (select rows from assay.publications where subject = 'bronze.numbers')
    and (select count(*) from silver.kept) = (select rows from assay.publications where subject = 'silver.kept')
    and (select count(*) from gold.counted) = (select rows from assay.publications where subject = 'gold.counted') as as_recorded`;

const whole = (version: number): string => `${rowsIn(version)} of version ${version}-${version}`;

test("a reader polling all along sees whole, checked tables that agree with the record", { timeout: 120_000 }, async () => {
  const manifest = await compiled();
  const seen = { bronze: new Set<unknown>(), silver: new Set<unknown>(), gold: new Set<unknown>() };
  const errors: string[] = [];
  let looks = 0;
  let done = false;
  const poll = async (): Promise<void> => {
    const session = await database.session();
    for (; !done; looks++) {
      try {
        const [row] = await session.query({ text: look });
        seen.bronze.add(row?.bronze);
        seen.silver.add(row?.silver);
        seen.gold.add(row?.gold);
        if (row?.as_recorded !== true) errors.push(`not as recorded: ${JSON.stringify(row)}`);
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    session.close();
  };
  const statuses: RunStatus[] = [];
  const pollers: Promise<void>[] = [];
  for (let version = 0; version < versions; version++) {
    const lines = Array.from({ length: rowsIn(version) }, (_, id) => `${id},${version}`);
    await writeFile(join(folder, "data", "numbers.csv"), `id,version\n${lines.join("\n")}\n`);
    statuses.push(await run(manifest, `run-${version}`));
    // Before the first publication there is nothing to look at.
    if (version === 0) pollers.push(poll(), poll());
  }
  done = true;
  await Promise.all(pollers);
  expect(errors.slice(0, 3)).toEqual([]);
  expect(statuses).toEqual(Array.from({ length: versions }, (_, version) => (version % 2 === 1 ? "failed" : "succeeded")));
  expect(looks).toBeGreaterThan(versions);
  const ok = Array.from({ length: versions }, (_, version) => version).filter((version) => version % 2 === 0);
  const atDoor = Array.from({ length: versions }, (_, version) => version).filter((version) => version % 4 !== 1);
  for (const value of seen.bronze) expect(atDoor.map(whole)).toContain(value);
  for (const value of [...seen.silver, ...seen.gold]) expect(ok.map(whole)).toContain(value);
  expect(seen.gold.size).toBeGreaterThan(1);
});

test("until the first publication a table does not exist; a failed first build leaves nothing to see", async () => {
  const manifest = await compiled();
  await writeFile(join(folder, "data", "numbers.csv"), "id,version\n1,3\n2,3\n");
  expect(await run(manifest, "run-first")).toBe("failed");
  const session = await database.session();
  const found = await session.query({
    text: "select table_name from information_schema.tables where table_schema not in ('assay', 'assay_ops')",
  });
  expect(found).toEqual([{ table_name: "numbers" }]);
  expect(await session.query({ text: "select subject from assay.publications" })).toEqual([{ subject: "bronze.numbers" }]);
  session.close();
});
