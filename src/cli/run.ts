import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { localLake } from "../adapters/files/lake.ts";
import { messageOf } from "../errors.ts";
import { executePlan } from "../execute/execute-plan.ts";
import { fencedStore } from "../execute/fenced-store.ts";
import type { RunEvent } from "../execute/run-event.ts";
import type { StepReport, StepWork } from "../execute/step-work.ts";
import { withSession } from "../execute/with-session.ts";
import { runLog } from "../observe/run-log.ts";
import type { Session } from "../ports/engine.ts";
import type { Queue } from "../ports/queue.ts";
import type { State } from "../ports/state-store.ts";
import type { RunResult } from "../terms.ts";
import { runReport, writeSummary } from "./against.ts";
import { requireAgainst } from "./against-options.ts";
import { cancellation } from "./cancellation.ts";
import { withOwnLake } from "./held.ts";
import { print, renderOptions } from "./output.ts";
import { observeTable, type PlanOptions, type PreparedPlan, preparePlan } from "./prepare-plan.ts";
import { progress } from "./progress.ts";
import { colorSupported } from "./render/color-supported.ts";
import { renderRun } from "./render/render-run.ts";
import { openQueue, sharesWork } from "./shared-queue.ts";
import { secretsOf, sinkOpener } from "./sink-opener.ts";
import { systemTimer } from "./system-timer.ts";
import { type CommonOptions, openAndCompile, type Workspace } from "./workspace.ts";

/** `assay run`: carries the plan out. Exit code 1 when a step failed, 130 when it was cancelled. */
export async function runCommand(pipeline: string | null, options: PlanOptions): Promise<number> {
  requireAgainst(options);
  // It is compiled while the database is opened and its state read.
  const { workspace: opened, compiled } = await openAndCompile(options);
  const workspace = options.against === undefined ? opened : withOwnLake(opened);
  return carryOut(
    workspace,
    options,
    "assay run",
    async (_session, state) => preparePlan(workspace, pipeline, options, async () => state, compiled),
    async (result, prepared) => {
      if (prepared.held === undefined) return { document: result, text: "" };
      const report = await runReport(workspace, prepared, prepared.held, result, options.samples ?? 5);
      const file = await writeSummary(workspace, report, options.summary);
      return { document: { ...result, against: report }, text: `\nsummary: ${file}` };
    },
  );
}

/** What is shown of a run: the document for machines, and lines for people below those of every run. */
interface Told {
  readonly document: unknown;
  readonly text: string;
}

/** Prepares a plan as the owner of the database, carries it out and shows what it did. Exit code 1 when a step failed. */
export async function carryOut(
  workspace: Workspace,
  options: CommonOptions & { readonly fullRefresh?: boolean },
  command: string,
  prepare: (session: Session, state: State) => Promise<PreparedPlan>,
  tell: (result: RunResult, prepared: PreparedPlan) => Promise<Told> = async (result) => ({ document: result, text: "" }),
): Promise<number> {
  const { result, prepared, logPath, logError, cancelled } = await execute(workspace, options, command, prepare);
  const flags = options.project === "." ? [] : ["--project", options.project];
  const told = await tell(result, prepared);
  print(options.json, told.document, () => {
    const log = relative(workspace.folders.current, logPath);
    return `${renderRun(result, { ...renderOptions(), log, flags, checks: "problems" })}${told.text}`;
  });
  // An incomplete log does not change what the run did.
  if (logError !== null) process.stderr.write(`▲ the run's log is incomplete: ${messageOf(logError)}\n`);
  if (result.status === "cancelled") return cancelled;
  return result.status === "succeeded" ? 0 : 1;
}

interface Executed {
  readonly result: RunResult;
  readonly prepared: PreparedPlan;
  readonly logPath: string;
  readonly logError: unknown;
  /** Exit code of a run that was cancelled. */
  readonly cancelled: number;
}

async function execute(
  workspace: Workspace,
  options: CommonOptions & { readonly fullRefresh?: boolean },
  command: string,
  prepare: (session: Session, state: State) => Promise<PreparedPlan>,
): Promise<Executed> {
  const runId = newRunId(Date.now());
  const scratch = join(workspace.platformFolder, "scratch", runId);
  const { store } = workspace.warehouse;
  const owned = await workspace.warehouse.own(command, scratch);
  const sinks = sinkOpener(workspace);
  let queue: Queue<StepWork, StepReport> | null = null;
  const cancelled = cancellation(() => process.stderr.write("cancelling: statements are stopped; once more to end at once\n"));
  try {
    const { shared } = workspace.warehouse;
    const { prepared, hold } = await withSession(owned.engine, async (session) => {
      await store.migrate(session);
      await shared?.revoke(session);
      const hold = await shared?.claim(session, runId);
      return { hold, prepared: await prepare(session, await store.read(session)) };
    });
    sinks.use(prepared.manifest);
    // Rows to replay and the other environment are known to this process alone.
    const isPlain = prepared.replays === undefined && prepared.held === undefined;
    if (isPlain && sharesWork(workspace) && prepared.plan.steps.some((step) => step.action === "run"))
      queue = await openQueue(workspace, owned.engine, prepared);
    const secrets = secretsOf(workspace, prepared.manifest);
    const log = runLog({ folder: join(workspace.platformFolder, "logs"), runId, secrets });
    const shown = progressTo(options.json === true ? process.stderr : process.stdout);
    const result = await executePlan(prepared.plan, {
      manifest: prepared.manifest,
      engine: owned.engine,
      store: hold === undefined ? store : fencedStore(store, hold),
      lake: localLake(workspace.lakePath),
      source: prepared.source,
      observations: prepared.observations,
      state: prepared.state,
      fullRefresh: options.fullRefresh ?? false,
      ...(prepared.replays === undefined ? {} : { replays: prepared.replays }),
      ...(prepared.held === undefined ? {} : { against: prepared.held.environment }),
      alwaysRefresh: false,
      clock: Date.now,
      runId,
      scratch,
      // One step more than cores: commits and small tables use only one, and files make steps wait.
      concurrency: availableParallelism() + 1,
      openSink: sinks.open,
      secrets,
      ...(queue === null ? {} : { queue }),
      control: {
        signal: cancelled.signal,
        timer: systemTimer,
        observe: (table) => observeTable(workspace, prepared.state, prepared.source, table),
      },
      emit: (event: RunEvent) => {
        log.listener(event);
        shown(event);
      },
    }).finally(() => shown.close());
    const logError = await log.close().then(
      () => null,
      (error: unknown) => error,
    );
    return { result, prepared, logPath: log.path, logError, cancelled: cancelled.exitCode() };
  } finally {
    cancelled.end();
    await sinks.close();
    await queue?.close();
    await owned.close();
  }
}

function progressTo(stream: NodeJS.WriteStream): ReturnType<typeof progress> {
  return progress({
    stream,
    interactive: stream.isTTY === true,
    color: colorSupported(stream),
    columns: () => stream.columns ?? 120,
    now: () => performance.now(),
  });
}

/** Sortable, readable and unique: `20261121T060000Z-1f2e3d`. */
function newRunId(now: number): string {
  return `${new Date(now).toISOString().replace(/[-:]|\.\d+/g, "")}-${randomBytes(3).toString("hex")}`;
}
