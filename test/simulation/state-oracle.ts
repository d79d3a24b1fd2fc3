import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Manifest, ManifestTable } from "../../src/compile/manifest.ts";
import type { Row } from "../../src/ports/engine.ts";
import type { State } from "../../src/ports/state-store.ts";
import { partKinds, type TableName } from "../../src/terms.ts";
import type { Platform, ProcessOutcome } from "./platform.ts";
import { Violation } from "./violation.ts";

/** What the state tables say of one step. */
interface RecordedStep {
  readonly run: string;
  readonly table: TableName;
  readonly status: string;
}

/** What the database says of all that happened so far. */
export interface Record {
  readonly state: State;
  readonly runs: ReadonlyMap<string, string>;
  /** Steps that ran, but for parts of one. */
  readonly steps: readonly RecordedStep[];
  /** Tables and runs, as in `bronze.t1/run-01`, that put a batch into the lake. */
  readonly batches: ReadonlySet<string>;
}

const parts: ReadonlySet<string> = new Set(partKinds);

/** Null: a process died before it made the state tables; once there, they have to stay. */
export async function readRecord(platform: Platform, isThere: boolean): Promise<Record | null> {
  if (!isThere && !(await duckdbStateStore().isPresent(platform.look))) return null;
  const state = await duckdbStateStore().read(platform.look);
  const rows = await platform.look.query({
    text: "select run_id, r.status as run_status, s.table_name, s.kind, s.status from assay.runs r left join assay.steps s using (run_id) order by r.started_at, s.position",
  });
  const ran = rows.filter((row) => row.status !== null && row.status !== "skipped");
  const isWhole = ({ kind }: Row): boolean => !parts.has(String(kind));
  return {
    state,
    runs: new Map(rows.map((row) => [String(row.run_id), String(row.run_status)] as const)),
    steps: ran.filter(isWhole).map((row) => ({
      run: String(row.run_id),
      table: String(row.table_name) as TableName,
      status: String(row.status),
    })),
    batches: new Set(
      ran
        .filter((row) => row.status === "succeeded" && (row.kind === "extract" || isWhole(row)))
        .map((row) => `${row.table_name}/${row.run_id}`),
    ),
  };
}

/** State tables, catalog, lake and scratch folder agree with each other, whatever the run came to. */
export async function checkState(
  platform: Platform,
  manifest: Manifest,
  outcome: ProcessOutcome,
  record: Record,
  contents: ReadonlyMap<TableName, string>,
): Promise<void> {
  checkRuns(record, outcome);
  checkVersions(record.state, contents);
  await checkCatalog(platform, manifest, record.state);
  checkLake(platform, record, outcome);
  await checkChunks(platform, manifest, outcome);
  // Only a run that begins tidies up after one that died.
  const left = outcome.result === null ? [] : readdirSync(join(platform.folder, "scratch"));
  if (left.length > 0) throw new Violation("scratch folder is left behind", left.join(", "));
}

function checkRuns({ runs }: Record, outcome: ProcessOutcome): void {
  // Until the next run has begun nobody can say of a dead process that it is dead.
  const begun = runs.has(outcome.runId);
  for (const [run, status] of runs) {
    const own = outcome.result === null ? ["running", "succeeded", "failed"] : [outcome.result.status];
    const expected: readonly string[] = run === outcome.runId ? own : ["succeeded", "failed", begun ? "interrupted" : status];
    if (!expected.includes(status)) {
      throw new Violation("status of a run", `${run} is ${status}, expected ${expected.join(" or ")} after ${outcome.runId}`);
    }
  }
  if (outcome.result !== null && !begun) throw new Violation("run is not recorded", outcome.runId);
}

function checkVersions(state: State, contents: ReadonlyMap<TableName, string>): void {
  for (const publication of state.publications.values()) {
    const subject = publication.subject as TableName;
    const versions = (state.commits.get(subject) ?? []).map((commit) => Number(commit.version));
    const expected = Array.from({ length: Number(publication.version) }, (_, index) => index + 1);
    if (JSON.stringify(versions) !== JSON.stringify(expected)) {
      throw new Violation(
        "commits and publication disagree",
        `${subject} is of version ${publication.version}, its commits are ${versions.join(", ")}`,
      );
    }
    for (const [upstream, version] of Object.entries(publication.inputs)) {
      const newest = state.publications.get(upstream)?.version;
      if (newest !== undefined && Number(version) > Number(newest)) {
        throw new Violation("cursor ahead of its table", `${subject} has read ${upstream} up to ${version}, which is of version ${newest}`);
      }
    }
    const rows = Number.parseInt(contents.get(subject) ?? `${publication.rows}`, 10);
    if (rows !== publication.rows) {
      throw new Violation("recorded number of rows", `${subject} holds ${rows}, recorded are ${publication.rows}`);
    }
  }
  for (const subject of state.commits.keys())
    if (!state.publications.has(subject)) throw new Violation("commit without a publication", subject);
}

/** Tables and views of the database. */
export const relations = `from (
  select schema_name as folder, table_name as name from duckdb_tables() where database_name = current_database()
  union all
  select schema_name, view_name from duckdb_views() where database_name = current_database() and not internal)`;

async function checkCatalog(platform: Platform, manifest: Manifest, state: State): Promise<void> {
  const found = await platform.look.query({
    text: `${relations} where folder not in ('assay', 'assay_ops') order by all`,
  });
  for (const { folder, name } of found) {
    const full = `${folder}.${name}`;
    const table = manifest.tables.find((item) => item.name === (folder === "assay_changes" || folder === "assay_versions" ? name : full));
    const isKnown =
      folder === "assay_changes"
        ? table?.tracked
        : folder === "assay_versions"
          ? table?.kind === "model" && table.materialize.kind === "snapshot"
          : table;
    if (!isKnown) throw new Violation("relation that nobody knows", full);
    if (table !== undefined && !state.publications.has(table.name)) throw new Violation("table without a publication", full);
  }
}

/** A load or build in chunks leaves nothing behind when it is published, and no chunk is there twice before. */
async function checkChunks(platform: Platform, manifest: Manifest, { result }: ProcessOutcome): Promise<void> {
  const inChunks = (table: ManifestTable): boolean =>
    table.kind === "bronze" ? table.chunks !== undefined : "chunks" in table.materialize;
  if (!manifest.tables.some(inChunks)) return;
  const twice = await platform.look.query({ text: "select table_name, chunk from assay.chunks group by all having count(*) > 1" });
  for (const { table_name, chunk } of twice) throw new Violation("chunk is there twice", `${table_name} ${chunk}`);
  const left = await platform.look.query({
    text: `select table_name as name from assay.extracts union all select table_name from duckdb_tables()
      where database_name = current_database() and schema_name = 'assay' and regexp_matches(table_name, ' (values|rows)$')`,
  });
  for (const { name } of left) {
    const built = result?.steps.find(({ kind, table }) => !parts.has(kind) && table === String(name).replace(/ .*/, ""));
    if (built?.status === "succeeded") throw new Violation("chunks are left behind", String(name));
  }
}

function checkLake(platform: Platform, { state, batches }: Record, outcome: ProcessOutcome): void {
  for (const file of state.files) {
    const path = join(platform.folder, "lake", file.files.replace(/\/\*\*\/.*$/, ""));
    if (file.files !== "" && !existsSync(path)) throw new Violation("file that counts is not in the lake", file.files);
  }
  const lake = join(platform.folder, "lake", "bronze");
  if (!existsSync(lake)) return;
  for (const path of readdirSync(lake, { recursive: true, encoding: "utf8" })) {
    const [, table, runId] = /^([^/]+)\/dt=[^/]+\/run_id=([^/]+)$/.exec(path) ?? [];
    if (table === undefined || runId === outcome.runId || batches.has(`bronze.${table}/${runId}`)) continue;
    const isRecent = outcome.result === null;
    if (!isRecent) throw new Violation("folder of a batch that was never committed", path);
  }
}
