import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../../src/adapters/duckdb/engine.ts";
import { duckdbRetentionStore, duckdbStateStore } from "../../../src/adapters/duckdb/state-store.ts";
import { executeClean } from "../../../src/execute/clean.ts";
import type { CleanPlan } from "../../../src/plan/clean-plan.ts";
import type { Session } from "../../../src/ports/engine.ts";
import type { Lake } from "../../../src/ports/lake.ts";

const state = duckdbStateStore();
const store = duckdbRetentionStore(state);
let database: Database;
let session: Session;
const execute = (text: string): Promise<void> => session.execute({ text });
const values = async (text: string): Promise<readonly unknown[]> => (await session.query({ text })).map((row) => Object.values(row));

beforeEach(async () => {
  database = await memoryDatabase();
  session = await database.session();
  await state.migrate(session);
  await execute(`create table assay_changes."bronze.it's" (_version bigint, _op tinyint, id integer);
    insert into assay_changes."bronze.it's" values (1, 1, 1), (2, -1, 1), (2, 1, 2), (3, 1, 3)`);
  for (const version of [1, 2, 3])
    await execute(
      `insert into assay.commits values ('bronze.it''s', ${version}, 'r${version}', 'changes', 1, 0, 0, '2026-01-0${version}')`,
    );
  for (const run of ["r1", "r2", "r3"]) {
    await execute(
      `insert into assay.runs values ('${run}', 'p', 'dev', '{}', 'succeeded', '2026-01-01T00:00:0${run.at(-1)}Z', null, null)`,
    );
    await execute(`insert into assay.steps values ('${run}', 0, 's', 'build', 'gold.a', 'succeeded', '', null, null, 0, 0, 0, '', '{}')`);
    await execute(`insert into assay.checks values ('${run}', 's', 0, 'c', null, 'error', 'passed', 0, null)`);
  }
  await execute("create table gold.a (x integer); create view bronze.b as select 1 as x; create view bronze.b__evolved as select 1 as x");
  for (const subject of ["gold.a", "bronze.b", "sink:w:gold.a"])
    await execute(`insert into assay.publications values ('${subject}', '1', 'r1', '', '{}', '{}', 0, '', null, null)`);
  await execute(`create table assay_changes."gold.a" (_version bigint); create table assay_versions."gold.a" (x integer)`);
  await execute(
    "insert into assay.metrics values ('gold.a', '1', 'r1', '', 'row_count', null, 1), ('gold.z', '1', 'r1', '', 'row_count', null, 1)",
  );
});
afterEach(() => {
  session.close();
  database.close();
});

describe("retention", () => {
  it("reads what the database holds", async () => {
    const { changes, commits, runs, publications, files } = await store.read(session);
    expect(changes).toEqual([
      { table: "bronze.it's", version: 1, rows: 1 },
      { table: "bronze.it's", version: 2, rows: 2 },
      { table: "bronze.it's", version: 3, rows: 1 },
    ]);
    expect([commits.length, publications.length, files.length]).toEqual([3, 3, 0]);
    expect(runs.map((run) => run.run_id)).toEqual(["r1", "r2", "r3"]);
  });

  it("tells whoever asks for changes that are gone to read the table as a whole", async () => {
    await store.remove(session, { changes: [{ table: "bronze.it's", upTo: 2 }], runs: [], subjects: [], splits: [] });
    expect(await values(`select * from assay_changes."bronze.it's"`)).toEqual([["3", 1, 3]]);
    expect(await values("select version, kind from assay.commits order by version")).toEqual([
      ["1", "reset"],
      ["2", "reset"],
      ["3", "changes"],
    ]);
  });

  it("removes the records of runs, and of no other", async () => {
    await store.remove(session, { changes: [], runs: ["r1", "r3", "' or true --"], subjects: [], splits: [] });
    for (const table of ["runs", "steps", "checks"]) expect(await values(`select run_id from assay.${table}`), table).toEqual([["r2"]]);
  });

  it("removes a table with all that is on record of it, and of no other", async () => {
    await store.remove(session, { changes: [], runs: [], subjects: ["gold.a"], splits: [] });
    expect(await values("select subject from assay.publications order by 1")).toEqual([["bronze.b"], ["sink:w:gold.a"]]);
    expect(await values("select table_name from assay.metrics")).toEqual([["gold.z"]]);
    expect(
      await values("select table_name from information_schema.tables where table_schema in ('assay_changes', 'assay_versions')"),
    ).toEqual([["bronze.it's"]]);
  });
});

describe("executeClean", () => {
  const plan: CleanPlan = {
    items: [],
    state: { changes: [], runs: ["r1"], subjects: ["gold.a", "bronze.b", "sink:w:gold.a"], splits: [] },
    batches: ["one", "two"],
    files: [],
  };
  const removed: string[] = [];
  const lake = (fails: (folder: string) => boolean): Lake =>
    ({
      absolute: (path: string) => `/lake/${path}`,
      removeBatch: async (folder: string) => {
        if (fails(folder)) throw new Error("killed");
        removed.push(folder);
      },
    }) as unknown as Lake;
  const warehouse = () => ({ engine: duckdbEngine(database), store });

  it("takes state first, all at once, and files after it", async () => {
    await expect(executeClean(plan, { warehouse: warehouse(), lake: lake((folder) => folder.endsWith("two")) })).rejects.toThrow("killed");
    expect(removed.splice(0)).toEqual(["/lake/one"]);
    expect(await values("select run_id from assay.runs order by 1")).toEqual([["r2"], ["r3"]]);
    expect(await values("select table_name from information_schema.tables where table_schema in ('bronze', 'gold')")).toEqual([]);
    expect(await values("select subject from assay.publications")).toEqual([]);
  });

  it("removes no file when the state cannot be written, and nothing of the state", async () => {
    const store_ = { ...store, remove: async () => Promise.reject(new Error("disk full")) };
    await expect(
      executeClean(plan, { warehouse: { engine: duckdbEngine(database), store: store_ }, lake: lake(() => false) }),
    ).rejects.toThrow("disk full");
    expect(removed).toEqual([]);
    expect(await values("select count(*) from gold.a")).toEqual([["0"]]);
  });
});
