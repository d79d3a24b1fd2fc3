import { AssayError } from "../../errors.ts";
import type { Row, Session } from "../../ports/engine.ts";
import type { Commit, IngestedFile, Publication, RunSummary, State, StateStore, StepRecord } from "../../ports/state-store.ts";
import type { CheckResult, Params, RunResult, RunStatus, StepAttempt, StepResult } from "../../terms.ts";
import { readAttempts, recordAttempt } from "./attempt-store.ts";
import {
  chunkTime,
  extractFolders,
  forgetExtract,
  isLoaded,
  readChunks,
  readExtract,
  readSplit,
  recordChunk,
  recordExtract,
} from "./extract-store.ts";
import { listQuarantine, readQuarantine, recordDiverted, recordFailed, recordIngested } from "./quarantine-store.ts";
import { readEvolvedColumns, readMetrics, recordHistory } from "./state-history.ts";
import { checkRows, commitRows, fileRows, publicationRows, runRows, stepRows } from "./state-rows.ts";
import { createState, stateVersion } from "./state-schema.ts";
import type { StateSql } from "./state-sql.ts";

/** State in tables of the schema `assay`, in the database they describe. */
export function sqlStateStore(sql: StateSql): StateStore {
  return {
    isPresent: async (session) => requireKnown(await versionOf(sql, session)) > 0,
    migrate: (session) => migrate(sql, session),
    read: readState,
    unfinishedRuns: async (session) => {
      const rows = await session.query({
        text: `select run_id, started_at from ${session.sql.table("assay.runs")}
          where status = 'running' order by started_at`,
      });
      return rows.map((row) => ({ run_id: String(row.run_id), started_at: String(row.started_at) }));
    },
    startRun: async (session, run) => {
      // Whoever holds the database is alone: a run still marked as running was killed.
      await session.execute({ text: `update ${session.sql.table("assay.runs")} set status = 'interrupted' where status = 'running'` });
      await session.insert(runRows, [{ ...run, environment: run.env, params: JSON.stringify(run.params), status: "running" }]);
    },
    finishRun: (session, run) =>
      session.execute({
        text: `update ${session.sql.table("assay.runs")} set status = $status, finished_at = $finished_at, duration_ms = $duration_ms
            where run_id = $run_id`,
        params: { ...run, duration_ms: Math.round(run.duration_ms) },
      }),
    restamp: async (session, files) => {
      for (const { table, name, sha256, stamp, stamped_at } of files) {
        await session.execute({
          text: `update ${session.sql.table("assay.files")} set stamp = $stamp, stamped_at = $stamped_at
              where table_name = $table and name = $name and sha256 = $sha256`,
          params: { table, name, sha256, stamp, stamped_at },
        });
      }
    },
    recordStep: (session, record) => recordStep(sql, session, record),
    recordAttempt,
    readStep,
    recordSkipped: async (session, run_id, skipped, finished_at) => {
      const rows = skipped.map(({ position, result }) => stepRow(run_id, position, result, finished_at));
      await session.insert(stepRows, rows);
      await session.insert(
        checkRows,
        skipped.flatMap(({ result }) => checksOf(run_id, result)),
      );
    },
    readMetrics,
    readEvolvedColumns,
    readExtract,
    readSplit,
    extractFolders,
    readChunks,
    chunkTime,
    isLoaded,
    listRuns,
    readRun,
    listQuarantine,
    readQuarantine: (session, filter, limit) => readQuarantine(sql, session, filter, limit),
  };
}

async function migrate(sql: StateSql, session: Session): Promise<void> {
  for (let found = await versionOf(sql, session); found !== stateVersion; found = await versionOf(sql, session)) {
    requireKnown(found);
    await session.transaction(() => nextVersion(sql, session, found));
  }
}

function requireKnown(version: number): number {
  if (version <= stateVersion) return version;
  const message = `the database was written by a newer Assay (state version ${version}, this one knows ${stateVersion})`;
  throw new AssayError("PROJECT_INVALID", message, { hint: "update Assay" });
}

async function nextVersion(sql: StateSql, session: Session, found: number): Promise<void> {
  if (sql.takeTurn !== null) {
    await session.execute({ text: sql.takeTurn(session.sql) });
    // Another process may have been faster.
    if ((await versionOf(sql, session)) !== found) return;
  }
  const next = found === 0 ? createState(session.sql, sql) : sql.migrations[found];
  if (next === undefined) throw new Error(`there is no migration from state version ${found}`);
  await session.execute({ text: typeof next === "string" ? next : next(session.sql) });
}

/** 0: there is no state. */
async function versionOf(sql: StateSql, session: Session): Promise<number> {
  if ((await session.query({ text: sql.find(session.sql) })).length === 0) return 0;
  const [row] = await session.query({ text: `select max(version) as version from ${session.sql.table("assay.state_version")}` });
  return Number(row?.version);
}

async function readState(session: Session): Promise<State> {
  const { table } = session.sql;
  const publications = await session.query({ text: `select * from ${table("assay.publications")}` });
  const files = await session.query({ text: `select * from ${table("assay.files")}` });
  // A database of the first version may be opened for reading, which does not migrate it: it has no commits, nor this column.
  const commits = publications.some((row) => "content" in row)
    ? await session.query({ text: `select * from ${table("assay.commits")}` })
    : [];
  return {
    publications: new Map(publications.map((row) => [String(row.subject), publicationOf(row)] as const)),
    files: files.map(fileOf).sort((a, b) => a.sequence - b.sequence || compare(a.table, b.table) || compare(a.name, b.name)),
    commits: Map.groupBy(
      commits.map(commitOf).sort((a, b) => Number(a.version) - Number(b.version)),
      (commit) => commit.subject,
    ),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function commitOf(row: Row): Commit {
  const count = (value: unknown): number | null => (value === null ? null : Number(value));
  return {
    subject: String(row.subject) as Commit["subject"],
    version: String(row.version),
    run_id: String(row.run_id),
    kind: row.kind as Commit["kind"],
    inserted: count(row.inserted),
    updated: count(row.updated),
    deleted: count(row.deleted),
    committed_at: String(row.committed_at),
  };
}

function publicationOf(row: Row): Publication {
  return {
    subject: String(row.subject),
    version: String(row.version),
    run_id: String(row.run_id),
    fingerprint: String(row.fingerprint),
    inputs: JSON.parse(String(row.inputs)) as Publication["inputs"],
    params: JSON.parse(String(row.params)) as Params,
    rows: Number(row.rows),
    content: (row.content ?? null) === null ? null : String(row.content),
    cost: (row.cost ?? null) === null ? null : (JSON.parse(String(row.cost)) as Publication["cost"]),
    published_at: String(row.published_at),
  };
}

function fileOf(row: Row): IngestedFile {
  return {
    table: String(row.table_name) as IngestedFile["table"],
    batch_id: String(row.batch_id),
    name: String(row.name),
    path: String(row.path),
    sha256: String(row.sha256),
    bytes: Number(row.bytes),
    stamp: String(row.stamp),
    stamped_at: Number(row.stamped_at),
    rows: Number(row.rows),
    quarantined: Number(row.quarantined),
    replicas: Number(row.replicas),
    contract_fingerprint: String(row.contract_fingerprint),
    files: String(row.files),
    sequence: Number(row.sequence ?? 0),
    replay_of: (row.replay_of ?? null) === null ? null : String(row.replay_of),
  };
}

function stepRow(run_id: string, position: number, result: StepResult, finished_at: string): Readonly<Record<string, unknown>> {
  const { removed_by, upstreams, conserved, changes, touched, notes, error } = result;
  const details = JSON.stringify({ removed_by, upstreams, conserved, changes, touched, notes, error });
  return { ...result, run_id, position, finished_at, table_name: result.table, details };
}

function checksOf(run_id: string, result: StepResult): readonly Readonly<Record<string, unknown>>[] {
  return result.checks.map((check, position) => ({
    ...check,
    run_id,
    step: result.step,
    position,
    check_name: check.check,
    column_name: check.column,
  }));
}

async function recordStep(sql: StateSql, session: Session, record: StepRecord): Promise<void> {
  const { result, run_id, position, finished_at, publication, replaces = true, commit, ingest } = record;
  await session.insert(stepRows, [stepRow(run_id, position, result, finished_at)]);
  await session.insert(checkRows, checksOf(run_id, result));
  if (publication !== null) {
    const { subject, inputs, params, cost } = publication;
    if (replaces)
      await session.execute({
        text: `delete from ${session.sql.table("assay.publications")} where subject = $subject`,
        params: { subject },
      });
    await session.insert(publicationRows, [
      { ...publication, inputs: JSON.stringify(inputs), params: JSON.stringify(params), cost: cost === null ? null : JSON.stringify(cost) },
    ]);
  }
  await recordHistory(session, record);
  if (commit !== null) await session.insert(commitRows, [{ ...commit }]);
  if (ingest !== null) {
    if (replaces)
      await session.execute({
        text: `delete from ${session.sql.table("assay.files")} where table_name = $table`,
        params: { table: result.table },
      });
    await session.insert(
      fileRows,
      ingest.current.map((file) => ({ ...file, table_name: file.table })),
    );
    if (ingest.extracted === true) await forgetExtract(session, result.table);
    await recordIngested(sql, session, { ...record, table: result.table }, ingest.quarantined);
  }
  if (record.extract !== undefined) await recordExtract(session, record.extract);
  if (record.split === null) await forgetExtract(session, result.table);
  else if (record.split !== undefined) await recordExtract(session, { ...record.split, folder: null });
  if (record.chunk !== undefined) await recordChunk(session, run_id, record.chunk);
  if (record.diverted !== undefined) await recordDiverted(sql, session, { ...record, table: result.table }, record.diverted);
  if (record.refused !== undefined) await recordFailed(session, result.table, record.refused);
}

async function listRuns(session: Session, limit: number): Promise<readonly RunSummary[]> {
  const rows = await session.query({
    text: `select r.run_id, r.pipeline, r.environment, r.status, r.started_at, r.duration_ms,
        count(s.step) filter (where s.status <> 'skipped') as steps_run,
        count(s.step) filter (where s.status = 'failed') as steps_failed,
        count(s.step) filter (where s.status = 'skipped') as steps_skipped,
        (select count(*) from ${session.sql.table("assay.checks")} c where c.run_id = r.run_id and c.status = 'warned') as checks_warned
      from ${session.sql.table("assay.runs")} r left join ${session.sql.table("assay.steps")} s on s.run_id = r.run_id
          group by r.run_id, r.pipeline, r.environment, r.status, r.started_at, r.duration_ms
      order by r.started_at desc, r.run_id desc limit ${Math.trunc(limit)}`,
  });
  return rows.map((row) => ({
    run_id: String(row.run_id),
    pipeline: String(row.pipeline),
    env: String(row.environment),
    status: String(row.status) as RunStatus,
    started_at: String(row.started_at),
    duration_ms: row.duration_ms === null ? null : Number(row.duration_ms),
    steps_run: Number(row.steps_run),
    steps_failed: Number(row.steps_failed),
    steps_skipped: Number(row.steps_skipped),
    checks_warned: Number(row.checks_warned),
  }));
}

async function readRun(session: Session, runId: string): Promise<RunResult | null> {
  const params = { run_id: runId };
  const [run] = await session.query({ text: `select * from ${session.sql.table("assay.runs")} where run_id = $run_id`, params });
  if (run === undefined) return null;
  const steps = await session.query({
    text: `select * from ${session.sql.table("assay.steps")}
      where run_id = $run_id order by position`,
    params,
  });
  const checks = await session.query({
    text: `select * from ${session.sql.table("assay.checks")}
      where run_id = $run_id order by step, position`,
    params,
  });
  const attempts = await readAttempts(session, runId);
  return {
    run_id: runId,
    status: String(run.status) as RunStatus,
    pipeline: String(run.pipeline),
    env: String(run.environment),
    params: JSON.parse(String(run.params)) as Params,
    started_at: String(run.started_at),
    finished_at: run.finished_at === null ? null : String(run.finished_at),
    duration_ms: run.duration_ms === null ? null : Number(run.duration_ms),
    steps: steps.map((step) => stepOf(step, checks, attempts.get(String(step.step)) ?? [])),
  };
}

async function readStep(session: Session, run_id: string, step: string): Promise<StepResult | null> {
  const params = { run_id, step };
  const place = "where run_id = $run_id and step = $step";
  const [row] = await session.query({ text: `select * from ${session.sql.table("assay.steps")} ${place}`, params });
  if (row === undefined) return null;
  const checks = await session.query({ text: `select * from ${session.sql.table("assay.checks")} ${place} order by position`, params });
  return stepOf(row, checks, []);
}

function stepOf(row: Row, checks: readonly Row[], attempts: readonly StepAttempt[]): StepResult {
  const details = JSON.parse(String(row.details)) as Pick<StepResult, "removed_by" | "upstreams" | "conserved" | "notes" | "error"> &
    Partial<Pick<StepResult, "changes" | "touched">>;
  return {
    step: String(row.step),
    kind: String(row.kind) as StepResult["kind"],
    table: String(row.table_name) as StepResult["table"],
    status: String(row.status) as StepResult["status"],
    reason: String(row.reason),
    rows_in: row.rows_in === null ? null : Number(row.rows_in),
    rows_out: row.rows_out === null ? null : Number(row.rows_out),
    quarantined: Number(row.quarantined),
    removed: Number(row.removed),
    duration_ms: Number(row.duration_ms),
    checks: checks.filter((check) => check.step === row.step).map(checkOf),
    ...details,
    // Steps of an older Assay have neither.
    changes: details.changes ?? null,
    touched: details.touched ?? null,
    ...(attempts.length === 0 ? {} : { attempts }),
  };
}

function checkOf(row: Row): CheckResult {
  return {
    check: String(row.check_name),
    column: row.column_name === null ? null : String(row.column_name),
    severity: String(row.severity) as CheckResult["severity"],
    status: String(row.status) as CheckResult["status"],
    failures: Number(row.failures),
    message: row.message === null ? null : String(row.message),
  };
}
