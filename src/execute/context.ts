import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { behindTables, viewBehind, viewInput } from "../plan/build-mode.ts";
import type { Observation } from "../plan/plan-run.ts";
import type { Engine, Session } from "../ports/engine.ts";
import type { Lake } from "../ports/lake.ts";
import type { Queue } from "../ports/queue.ts";
import type { Sink } from "../ports/sink.ts";
import type { Source } from "../ports/source.ts";
import type { Commit, Publication, RunStore, State } from "../ports/state-store.ts";
import type { Timer } from "../ports/timer.ts";
import type { Params, TableName } from "../terms.ts";
import type { DeferredEnvironment } from "./deferred-environment.ts";
import type { ReplayRequest } from "./replay-request.ts";
import type { RunEventListener } from "./run-event.ts";
import type { StepReport, StepWork } from "./step-work.ts";

/** Milliseconds since 1970. */
export type Clock = () => number;

/** Everything a run touches; all effects come in here. */
export interface ExecuteContext {
  readonly manifest: Manifest;
  readonly engine: Engine;
  readonly store: RunStore;
  readonly lake: Lake;
  readonly source: Source;
  /** Connects to a sink's target when its first step runs. */
  readonly openSink: (name: string) => Promise<{ readonly sink: Sink; readonly identity: string }>;
  readonly observations: ReadonlyMap<TableName, Observation>;
  readonly state: State;
  readonly fullRefresh: boolean;
  /** Rows in quarantine that are to enter their bronze tables again. */
  readonly replays?: ReadonlyMap<TableName, readonly ReplayRequest[]>;
  /** The environment that unchanged tables are read from. */
  readonly against?: DeferredEnvironment;
  /** Refresh touched values even where building in full is estimated to be cheaper. */
  readonly alwaysRefresh: boolean;
  readonly clock: Clock;
  readonly runId: string;
  /** Folder for files that live as long as the run; those of other runs lie beside it, named by their ids. */
  readonly scratch: string;
  /** Steps at the same time. */
  readonly concurrency: number;
  /** Texts that must never be shown or stored. */
  readonly secrets: readonly string[];
  readonly emit: RunEventListener;
  /** Left out: nothing cancels, times out or is tried again. */
  readonly control?: RunControl;
  /** Carries the steps out; left out: this process does. */
  readonly queue?: Queue<StepWork, StepReport>;
}

/** What ends a run's steps early, and lets them begin again. */
export interface RunControl {
  /** Aborted with an AssayError: no further step starts, and what is under way is cancelled. */
  readonly signal: AbortSignal;
  readonly timer: Timer;
  /** Looks at a bronze table's source again, before its ingest is. */
  readonly observe: (table: TableName) => Promise<Observation>;
}

/** A run under way: the context and what this run has published so far. */
export interface Run extends ExecuteContext {
  readonly observations: Map<TableName, Observation>;
  readonly params: Params;
  readonly publications: Map<string, Publication>;
  readonly commits: Map<TableName, readonly Commit[]>;
  /** Views that show stored rows until their own steps have run. */
  readonly frozen: Map<TableName, Promise<void>>;
  /** Of the attempt under way. */
  readonly signal?: AbortSignal;
}

export function tableOf(run: Pick<Run, "manifest">, name: TableName): ManifestTable {
  const table = run.manifest.tables.find((item) => item.name === name);
  if (table === undefined) throw new Error(`the plan names ${name}, the manifest does not`);
  return table;
}

/**
 * Versions of a table's dependencies as they are now, and of the tables below the views among them whose changes it follows; of these views
 * the definition too, or that they were behind those tables.
 */
export function inputsOf(run: Run, table: ManifestTable): Readonly<Record<string, string>> {
  const followed = table.kind === "model" ? table.incremental : null;
  const read = new Set([...table.dependencies, ...(followed?.upstreams ?? []).map((link) => link.table)]);
  const versions = [...read].map((name) => [name, run.publications.get(name)?.version] as const);
  const behind = viewBehind(run.publications, followed?.views ?? []) !== null;
  const views = (followed?.views ?? []).map(
    ({ table: view }) => [viewInput(view), behind ? behindTables : run.publications.get(view)?.fingerprint] as const,
  );
  return Object.fromEntries([...versions, ...views].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** The parameters a table uses. */
export function paramsOf(run: Pick<Run, "params">, table: ManifestTable): Params {
  return Object.fromEntries(
    table.params.flatMap((name) => {
      const value = run.params[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** What is published now, by this run; `changed`: the rows are others than those of the version before. */
export function newPublication(
  run: Run,
  made: Pick<Publication, "subject" | "fingerprint" | "inputs" | "params" | "rows"> & Partial<Pick<Publication, "content" | "cost">>,
  changed: boolean,
  publishedAt: string,
): Publication {
  const before = run.publications.get(made.subject);
  const version = changed || before === undefined ? nextVersion(before) : before.version;
  return { content: null, cost: null, ...made, version, run_id: run.runId, published_at: publishedAt };
}

/** Versions count from 1. */
function nextVersion(before: Publication | undefined): string {
  const version = Number(before?.version ?? 0);
  return String(Number.isSafeInteger(version) ? version + 1 : 1);
}

export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** A count as a query returns it. */
export function countOf(value: unknown): number {
  return Number(value ?? 0);
}

/** The first row of a query that always has one. */
export async function oneRow(session: Session, text: string, params: Params = {}): Promise<Readonly<Record<string, unknown>>> {
  const [row] = await session.query({ text, params });
  if (row === undefined) throw new Error(`no row from: ${text.slice(0, 200)}`);
  return row;
}
