import { AssayError } from "../errors.ts";
import type { Observation } from "../plan/plan-run.ts";
import type { Session } from "../ports/engine.ts";
import type { Lake } from "../ports/lake.ts";
import type { Lease, TakenStep } from "../ports/queue.ts";
import type { State } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import type { ExecuteContext, Run, RunControl } from "./context.ts";
import { fencedStore } from "./fenced-store.ts";
import { recordedStep } from "./recorded-step.ts";
import { runAttempt } from "./run-attempt.ts";
import type { Sessions } from "./run-sessions.ts";
import { subjectOf } from "./sink-of.ts";
import type { StepReport, StepWork } from "./step-work.ts";

/** All a worker brings with it; the rest comes with the attempts it takes. */
export interface WorkerContext
  extends Pick<ExecuteContext, "manifest" | "engine" | "store" | "lake" | "source" | "openSink" | "clock" | "secrets"> {
  /** Of the manifest: `manifestFingerprint`. */
  readonly fingerprint: string;
  readonly readState: (session: Session) => Promise<State>;
  readonly timer: RunControl["timer"];
  readonly observe: (table: TableName, state: State) => Promise<Observation>;
  /** Folder for the files of a run, by its id. */
  readonly scratchOf: (runId: string) => string;
}

/** `other_project`: the worker's project is not what the run was planned with; the attempt is left to others. */
export type WorkOutcome = "done" | "lost" | "other_project";

/** Carries out an attempt that was taken: the same steps, by the same code, as in a process that has the environment to itself. */
export async function workOff(worker: WorkerContext, sessions: Sessions, taken: TakenStep<StepWork, StepReport>): Promise<WorkOutcome> {
  const { work, lease, run_id: runId } = taken;
  if (work.manifest !== worker.fingerprint) {
    await taken.giveBack();
    return "other_project";
  }
  const { state, recorded } = await readFirst(worker, sessions, taken);
  if (recorded !== null) {
    await taken.finish(recorded);
    return "done";
  }
  const run = await runFor(worker, taken, state);
  const before = new Map(run.commits);
  const outcome = await runAttempt(run, sessions, work.step, work.position, taken.attempt).catch((error: unknown) => {
    // What could not be put on record because somebody else has the attempt now is theirs to tell.
    if (lease.signal.aborted || (error instanceof AssayError && error.code === "LEASE_LOST")) return null;
    throw error;
  });
  if (outcome === null) return "lost";
  const made = run.publications.get(subjectOf(run.manifest, work.step));
  const publication = made?.run_id === runId ? made : null;
  const { table } = work.step;
  const commits = (run.commits.get(table) ?? []).slice((before.get(table) ?? []).length);
  await taken.finish({ ...outcome, publication, commits });
  return "done";
}

async function readFirst(
  worker: WorkerContext,
  sessions: Sessions,
  { work, lease, run_id }: TakenStep<StepWork, StepReport>,
): Promise<{ readonly state: State; readonly recorded: StepReport | null }> {
  const { step } = work;
  const read = sessions.use(async (session) => {
    const state = await worker.readState(session);
    if (lease.claim === 1) return { state, recorded: null };
    // A worker that is gone may have finished it, and not have come to say so.
    return { state, recorded: await recordedStep(worker.store, session, run_id, step, subjectOf(worker.manifest, step), state) };
  });
  return read.catch((error: unknown) => {
    // The server that closed one connection has closed the others too.
    sessions.dropIdle();
    throw error;
  });
}

async function runFor(
  worker: WorkerContext,
  { work, lease, run_id, attempt }: TakenStep<StepWork, StepReport>,
  state: Run["state"],
): Promise<Run> {
  const observations: Run["observations"] = new Map();
  const { step } = work;
  if ((step.kind === "extract" || step.kind === "ingest") && step.action === "run")
    observations.set(step.table, await worker.observe(step.table, state));
  return {
    manifest: worker.manifest,
    engine: worker.engine,
    store: fencedStore(worker.store, lease.hold),
    lake: lakeOf(worker.lake, lease),
    source: worker.source,
    openSink: worker.openSink,
    observations,
    state,
    fullRefresh: work.full_refresh,
    alwaysRefresh: work.always_refresh,
    clock: worker.clock,
    runId: run_id,
    scratch: `${worker.scratchOf(run_id)}-${attempt}-${lease.claim}`,
    concurrency: 1,
    secrets: worker.secrets,
    emit: () => undefined,
    control: { signal: lease.signal, timer: worker.timer, observe: (table) => worker.observe(table, state) },
    params: work.params,
    publications: new Map(state.publications),
    commits: new Map(state.commits),
    frozen: new Map(),
  };
}

/** A worker that was taken for dead may still write, and clean up: every claim has a folder of its own. */
function lakeOf(lake: Lake, { claim }: Lease): Lake {
  if (claim === 1) return lake;
  return { ...lake, openBatch: (table, date, runId) => lake.openBatch(table, date, `${runId}.${claim}`) };
}
