import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbHashes } from "../../src/adapters/duckdb/engine.ts";
import { duckdbSql } from "../../src/adapters/duckdb/sql.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { contractColumns } from "../../src/compile/contract.ts";
import type { ManifestTable } from "../../src/compile/manifest.ts";
import { t } from "../../src/define/types.ts";
import { compareTables } from "../../src/execute/compare-tables.ts";
import { diffRuns } from "../../src/execute/diff-runs.ts";
import { changeTable } from "../../src/execute/row-changes.ts";
import type { TableDiff } from "../../src/execute/table-diff.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { Commit } from "../../src/ports/state-store.ts";
import type { RunResult } from "../../src/terms.ts";
import { bronzeTable, manifestOf, modelTable, publicationOf } from "../plan/manifest.ts";

const columns = contractColumns({ k: t.integer(), v: t.varchar({ nullable: true }) });
const facts = modelTable("gold.facts", [], { columns, grain: ["k"], tracked: true });
const events = bronzeTable("bronze.events", { columns, tracked: true });
const runs = ["r0", "r1", "r2", "r3", "r4"];

let database: Database;
let session: Session;

beforeAll(async () => {
  database = await memoryDatabase();
  session = await database.session();
  await duckdbStateStore().migrate(session);
});
afterAll(() => {
  session.close();
  database.close();
});
beforeEach(async () => {
  for (const { name } of [facts, events]) await session.execute({ text: `drop table if exists ${changeTable(duckdbSql, name)}` });
});

type Rows = readonly (readonly [number, string | null])[];

const commit = (table: ManifestTable, version: number, run: string, more: Partial<Commit> = {}): Commit => ({
  subject: table.name,
  version: String(version),
  run_id: run,
  kind: "changes",
  inserted: null,
  updated: null,
  deleted: null,
  committed_at: "",
  ...more,
});

interface Diff {
  readonly commits: readonly Commit[];
  readonly old: string;
  readonly new: string;
  readonly tables?: readonly ManifestTable[];
  readonly rows?: number;
  readonly records?: Readonly<Record<string, RunResult["steps"]>>;
}

async function diff({ commits, old, new: now, tables = [facts, events], rows = 0, records = {} }: Diff): Promise<readonly TableDiff[]> {
  const published = tables.map((table) => {
    const version = commits.findLast((item) => item.subject === table.name)?.version ?? "1";
    return [table.name as string, publicationOf(table, { version, rows })] as const;
  });
  return diffRuns(session, {
    manifest: manifestOf(tables),
    engine: duckdbHashes,
    store: {
      readRun: async (_, id) => {
        const steps = records[id];
        const rest = {
          status: "succeeded",
          pipeline: "all",
          env: "dev",
          params: {},
          started_at: "",
          finished_at: null,
          duration_ms: null,
        } as const;
        return steps === undefined ? null : { run_id: id, ...rest, steps };
      },
    },
    state: { publications: new Map(published), files: [], commits: Map.groupBy(commits, (item) => item.subject) },
    runs,
    old,
    new: now,
    tables: null,
    samples: 50,
  });
}

const literal = (rows: Rows): string =>
  `(select * from (values (0, 'x'), ${rows.map(([k, v]) => `(${k}, ${v === null ? "null" : `'${v}'`})`).join(", ") || "(0, 'x')"}) as t(k, v) where k > 0)`;

/** Records what changed from one version to the next as the platform does: whole rows, old and new images. */
async function recordVersions(table: ManifestTable, versions: readonly Rows[]): Promise<readonly Commit[]> {
  await session.execute({
    text: `create or replace table ${changeTable(duckdbSql, table.name)} (_version bigint, _op tinyint, k integer, v varchar)`,
  });
  const commits: Commit[] = [commit(table, 1, "r0", { kind: "reset" })];
  for (const [index, rows] of versions.entries()) {
    const before = versions[index - 1];
    if (before === undefined) continue;
    const version = commits.length + 1;
    const net = `select sum(_op) as _net, k, v from (select -1 as _op, k, v from ${literal(before)} union all select 1, k, v from ${literal(rows)}) group by all having sum(_op) <> 0`;
    const text = `insert into ${changeTable(duckdbSql, table.name)} select ${version}, sign(_net), k, v from (${net}), range(abs(_net)::bigint)`;
    await session.execute({ text });
    const [stored] = await session.query({
      text: `select count(*)::integer as rows from ${changeTable(duckdbSql, table.name)} where _version = ${version}`,
    });
    if (stored?.rows !== 0) commits.push(commit(table, version, `r${index}`));
  }
  return commits;
}

const keyedRows: fc.Arbitrary<Rows> = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(null, "a", "b")), {
  selector: ([k]) => k,
  maxLength: 5,
});
const anyRows: fc.Arbitrary<Rows> = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constantFrom(null, "a")), { maxLength: 5 });

describe("diffRuns", () => {
  it.each([
    ["a table with a key", facts, keyedRows, ["k"]],
    ["rows without a key", events, anyRows, null],
  ] as const)("says of %s what a comparison of the two states says", { timeout: 120_000 }, async (_, table, arbitrary, key) => {
    const range = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 2 });
    await fc.assert(
      fc.asyncProperty(fc.array(arbitrary, { minLength: 5, maxLength: 5 }), range, async (versions, [from = 0, to = 0]) => {
        const commits = await recordVersions(table, versions);
        const last = versions[4] ?? [];
        const [found] = await diff({ commits, old: `r${from}`, new: `r${to}`, tables: [table], rows: last.length });
        const expected = await compareTables(duckdbHashes, session, {
          old: literal(versions[from] ?? []),
          new: literal(versions[to] ?? []),
          key,
          contract: columns,
          samples: 50,
        });
        if (found === undefined || found.comparison === null) {
          // Nothing was committed in between.
          expect(found).toBeUndefined();
          expect(
            versions
              .slice(Math.min(from, to), Math.max(from, to) + 1)
              .every((rows) => JSON.stringify([...rows].sort()) === JSON.stringify([...(versions[from] ?? [])].sort())),
          ).toBe(true);
          return;
        }
        const { added, removed, changed, columns: byColumn, samples } = expected;
        expect(found.comparison).toMatchObject({ added, removed, changed, columns: byColumn, samples });
        expect(found.status).toBe(added + removed + changed === 0 ? "equal" : "changed");
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    );
  });

  it("leaves out tables without a commit in between, and commits of other runs", async () => {
    const commits = [commit(facts, 1, "r0", { kind: "reset" }), commit(facts, 2, "r3", { kind: "reset" })];
    expect(await diff({ commits, old: "r0", new: "r2" })).toEqual([]);
    expect(await diff({ commits, old: "r3", new: "r4" })).toEqual([]);
    expect(await diff({ commits, old: "r2", new: "r3" })).toHaveLength(1);
  });

  it("gives row counts, and says why no more, where a run replaced the table", async () => {
    const commits = [commit(facts, 1, "r0", { kind: "reset" }), commit(facts, 2, "r1"), commit(facts, 3, "r2", { kind: "reset" })];
    const step = { step: "build gold.facts", kind: "build", table: facts.name, rows_out: 7 } as RunResult["steps"][number];
    const [found] = await diff({ commits, old: "r0", new: "r2", rows: 9, records: { r0: [step] } });
    expect(found).toEqual({
      table: "gold.facts",
      status: "counted",
      old: { version: "1", rows: 7 },
      new: { version: "3", rows: 9 },
      counts: null,
      reason: "run r2 replaced the table as a whole: too much changed, or its definition did",
      notes: [],
      comparison: null,
    });
    const untracked = modelTable("gold.facts", [], { columns, grain: ["k"] });
    const [other] = await diff({ commits, old: "r1", new: "r2", tables: [untracked] });
    expect(other?.reason).toBe("run r2 replaced the table as a whole: no model follows its row changes");
  });

  it("derives row counts from counted changes", async () => {
    const counts = { inserted: 5, updated: 1, deleted: 2 };
    const commits = [commit(events, 1, "r0", { kind: "reset" }), commit(events, 2, "r1", counts)];
    const [found] = await diff({ commits, old: "r0", new: "r1", rows: 13 });
    expect(found).toMatchObject({ status: "counted", old: { rows: 10 }, new: { rows: 13 }, counts });
    const alone = { ...events, tracked: false };
    const [unfollowed] = await diff({ commits, old: "r0", new: "r1", rows: 13, tables: [alone] });
    expect(unfollowed?.reason).toBe("the row changes of version 2 (run r1) are not stored: no model follows them");
    const [back] = await diff({ commits, old: "r1", new: "r0", rows: 13 });
    expect(back).toMatchObject({
      old: { version: "2", rows: 13 },
      new: { version: "1", rows: 10 },
      counts: { inserted: 2, updated: 1, deleted: 5 },
    });
  });

  it("does not show a part for the whole when change records were removed", async () => {
    const commits = await recordVersions(facts, [[[1, "a"]], [[2, "a"]], [[2, "b"]]]);
    await session.execute({ text: `delete from ${changeTable(duckdbSql, facts.name)} where _version = 2` });
    expect(await diff({ commits, old: "r0", new: "r2" })).toMatchObject([
      { status: "counted", reason: "the row changes of version 2 (run r1) are not stored, or no longer" },
    ]);
    expect(await diff({ commits, old: "r1", new: "r2" })).toMatchObject([{ status: "changed", comparison: { changed: 1 } }]);
    const counted = commits.map((item) => (item.version === "3" ? { ...item, inserted: 0, updated: 2, deleted: 0 } : item));
    expect(await diff({ commits: counted, old: "r1", new: "r2" })).toMatchObject([{ status: "counted" }]);
  });

  it("says that a table was new, and that a view stores nothing", async () => {
    const shown = modelTable("gold.shown", [], { materialize: { kind: "view" } });
    const commits = [
      commit(facts, 1, "r1", { kind: "reset" }),
      commit(shown, 1, "r0", { kind: "reset" }),
      commit(shown, 2, "r1", { kind: "reset" }),
    ];
    expect(await diff({ commits, old: "r0", new: "r1", tables: [facts, shown], rows: 3 })).toMatchObject([
      {
        table: "gold.facts",
        status: "counted",
        old: { version: null, rows: null },
        new: { version: "1", rows: 3 },
        reason: "the table was new",
      },
      { table: "gold.shown", status: "counted", reason: "a view stores no rows: it shows the changes of what it reads" },
    ]);
  });

  it("shows no values of a table the project does not declare any more", async () => {
    const commits = await recordVersions(facts, [[[1, "secret"]], [[1, "hidden"]]]);
    const found = await diff({ commits, old: "r0", new: "r1", tables: [] });
    expect(found).toMatchObject([{ status: "changed", comparison: { by: "row", added: 1, removed: 1 } }]);
    expect(JSON.stringify(found)).not.toMatch(/secret|hidden/);
  });

  it("counts commits of runs that are not recorded any more as older than all", async () => {
    const commits = (await recordVersions(facts, [[[1, "a"]], [[1, "b"]]])).map((item) =>
      item.run_id === "r0" ? { ...item, run_id: "gone" } : item,
    );
    expect(await diff({ commits, old: "r0", new: "r1" })).toMatchObject([{ status: "changed", old: { version: "1" } }]);
  });
});
