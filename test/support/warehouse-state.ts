import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { quoteTable } from "../../src/define/quote.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { RunSummary } from "../../src/ports/state-store.ts";
import type { RunResult, TableName } from "../../src/terms.ts";

/** All that two projects must have in common to be called equal: nothing in it depends on run ids, times or folders. */
export interface Comparable {
  /** Table → rows and content hash. */
  readonly tables: Readonly<Record<string, string>>;
  /** Table → what the step that published it recorded. */
  readonly ledger: Readonly<Record<string, unknown>>;
  readonly publications: Readonly<Record<string, unknown>>;
  readonly files: readonly unknown[];
  readonly quarantine: readonly unknown[];
}

export interface WarehouseState {
  readonly comparable: Comparable;
  readonly runs: readonly RunSummary[];
  /** What a run should not leave behind, in words. */
  readonly residue: readonly string[];
}

/** Reads the project's database (default name and environment) without changing it. */
export async function warehouseState(folder: string): Promise<WarehouseState> {
  return reading(folder, async (session) => {
    const store = duckdbStateStore();
    const runs = await store.listRuns(session, 1000);
    const documents = new Map<string, RunResult | null>();
    for (const { run_id } of runs) documents.set(run_id, await store.readRun(session, run_id));
    return { comparable: await comparable(session, documents), runs, residue: await residue(folder, session, runs, documents) };
  });
}

/** Table → rows and content hash. */
export function tableHashes(folder: string): Promise<Readonly<Record<string, string>>> {
  return reading(folder, hashes);
}

/** What readers see that was not published as it is, in words; nothing where no database is yet. */
export async function unpublished(folder: string): Promise<readonly string[]> {
  if (!existsSync(join(folder, "warehouse.duckdb"))) return [];
  return reading(folder, async (session) => {
    if (!(await duckdbStateStore().isPresent(session))) return [];
    const { publications } = await duckdbStateStore().read(session);
    const names = (await tableNames(session)).filter((name) => /^(?:bronze|silver|gold)\./.test(name));
    const problems = [...publications.keys()]
      .filter((subject) => !names.some((name) => name === subject))
      .map((name) => `${name} is missing`);
    for (const name of names) {
      const rows = Number((await session.query({ text: `select count(*) as rows from ${quoteTable(name)}` }))[0]?.rows);
      if (rows !== publications.get(name)?.rows) problems.push(`${name} has ${rows} rows, published were ${publications.get(name)?.rows}`);
    }
    return problems;
  });
}

async function reading<T>(folder: string, work: (session: Session) => Promise<T>): Promise<T> {
  const database = await fileDatabase(join(folder, "warehouse.duckdb"), { readOnly: true });
  const session = await database.session();
  try {
    return await work(session);
  } finally {
    session.close();
    database.close();
  }
}

async function tableNames(session: Session): Promise<readonly TableName[]> {
  const rows = await session.query({
    text: "select table_schema || '.' || table_name as name from information_schema.tables where table_schema not in ('assay', 'assay_ops') order by name",
  });
  return rows.map((row) => String(row.name) as TableName);
}

async function hashes(session: Session): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const name of await tableNames(session)) {
    const text = `select count(*)::varchar || ' rows, ' || coalesce(sum(hash(t::varchar)), 0)::varchar as content from ${quoteTable(name)} as t`;
    found[name] = String((await session.query({ text }))[0]?.content);
  }
  return found;
}

async function comparable(session: Session, documents: ReadonlyMap<string, RunResult | null>): Promise<Comparable> {
  const store = duckdbStateStore();
  const { publications, files } = await store.read(session);
  const { rows } = await store.readQuarantine(session, { states: ["open", "replayed"] }, null);
  const current = (subject: string): string | undefined => publications.get(subject)?.version;
  return {
    tables: await hashes(session),
    ledger: Object.fromEntries(
      [...publications.values()].map(({ subject, run_id }) => [subject, recorded(documents.get(run_id), subject)]),
    ),
    publications: Object.fromEntries(
      [...publications.values()].map(({ subject, fingerprint, inputs, params, rows: count }) => [
        subject,
        {
          fingerprint,
          params,
          rows: count,
          inputs: Object.entries(inputs).map(([name, version]) => `${name} ${version === current(name) ? "current" : "old"}`),
        },
      ]),
    ),
    files: files.map(({ batch_id: _batch, stamp: _stamp, stamped_at: _at, files: parquet, ...file }) => ({
      ...file,
      files: parquet.replace(/dt=[^/]+\/run_id=[^/]+/, "…"),
    })),
    quarantine: rows.map(({ run_id: _run, batch_id: _batch, quarantined_at: _at, closed_run_id: _closed, ...row }) => row),
  };
}

function recorded(run: RunResult | null | undefined, subject: string): unknown {
  const step = run?.steps.find((item) => item.table === subject && item.kind !== "sink");
  if (step === undefined) return "not recorded";
  // A run that goes on where a killed one stood finds no changes where that one had published them.
  const { duration_ms: _duration, reason: _reason, changes: _changes, touched: _touched, ...rest } = step;
  return rest;
}

async function residue(
  folder: string,
  session: Session,
  runs: readonly RunSummary[],
  documents: ReadonlyMap<string, RunResult | null>,
): Promise<readonly string[]> {
  const candidates = (await tableNames(session)).filter((name) => name.endsWith("__candidate"));
  const ingested = new Set(
    [...documents].flatMap(([id, run]) =>
      (run?.steps ?? []).filter((step) => step.kind === "ingest" && step.status === "succeeded").map((step) => `${step.table} ${id}`),
    ),
  );
  const orphans = batchFolders(folder).filter((batch) => !ingested.has(`${batch.table} ${batch.runId}`));
  const scratch = join(folder, ".assay", "scratch");
  const steps = [...documents.values()].flatMap((run) => run?.steps.map((step) => `${run.run_id} ${step.step}`) ?? []);
  return [
    ...candidates.map((name) => `candidate ${name}`),
    ...orphans.map((batch) => `batch folder ${batch.path} of no recorded ingest`),
    ...batchFolders(folder).flatMap((batch) =>
      existsSync(join(folder, batch.path, "manifest.json")) ? [] : [`${batch.path} has no manifest`],
    ),
    ...(existsSync(scratch) ? readdirSync(scratch).map((name) => `.assay/scratch/${name}`) : []),
    ...(existsSync(join(folder, ".assay", "owner.json")) ? [".assay/owner.json"] : []),
    ...runs.filter((run) => run.status === "running").map((run) => `run ${run.run_id} is still running`),
    ...steps.filter((step, index) => steps.indexOf(step) !== index).map((step) => `recorded twice: ${step}`),
  ];
}

export interface BatchFolder {
  readonly table: string;
  readonly runId: string;
  /** Below the project. */
  readonly path: string;
}

/** Every batch folder in the project's lake. */
export function batchFolders(folder: string): readonly BatchFolder[] {
  const lake = join(folder, "lake", "bronze");
  if (!existsSync(lake)) return [];
  return readdirSync(lake, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = relative(folder, join(entry.parentPath, entry.name));
    const [, , table, , run] = path.split("/");
    if (!entry.isDirectory() || path.split("/").length !== 5 || table === undefined || run === undefined) return [];
    return [{ table: `bronze.${table}`, runId: run.replace("run_id=", ""), path }];
  });
}
