import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { localLake } from "../adapters/files/lake.ts";
import type { Manifest } from "../compile/manifest.ts";
import { resolveText } from "../compile/settings.ts";
import { messageOf } from "../errors.ts";
import { executePlan } from "../execute/execute-plan.ts";
import type { RunEvent } from "../execute/run-event.ts";
import { runLog } from "../observe/run-log.ts";
import type { Session } from "../ports/engine.ts";
import type { Sink } from "../ports/sink.ts";
import type { State } from "../ports/state-store.ts";
import type { RunResult } from "../terms.ts";
import { runReport, writeSummary } from "./against.ts";
import { requireAgainst } from "./against-options.ts";
import { withOwnLake } from "./held.ts";
import { print, renderOptions } from "./output.ts";
import { type PlanOptions, type PreparedPlan, preparePlan, sinkIdentity } from "./prepare-plan.ts";
import { progress } from "./progress.ts";
import { colorSupported } from "./render/color-supported.ts";
import { renderRun } from "./render/render-run.ts";
import { withSession } from "./with-session.ts";
import { type CommonOptions, openWorkspace, type Workspace } from "./workspace.ts";

/** `assay run`: carries the plan out. Exit code 1 when a step failed. */
export async function runCommand(pipeline: string | null, options: PlanOptions): Promise<number> {
  requireAgainst(options);
  const opened = await openWorkspace(options);
  const workspace = options.against === undefined ? opened : withOwnLake(opened);
  return carryOut(
    workspace,
    options,
    "assay run",
    async (_session, state) => preparePlan(workspace, pipeline, options, async () => state),
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
  const { result, prepared, logPath, logError } = await execute(workspace, options, command, prepare);
  const flags = options.project === "." ? [] : ["--project", options.project];
  const told = await tell(result, prepared);
  print(options.json, told.document, () => {
    const log = relative(workspace.folders.current, logPath);
    return `${renderRun(result, { ...renderOptions(), log, flags, checks: "problems" })}${told.text}`;
  });
  // An incomplete log does not change what the run did.
  if (logError !== null) process.stderr.write(`▲ the run's log is incomplete: ${messageOf(logError)}\n`);
  return result.status === "succeeded" ? 0 : 1;
}

interface Executed {
  readonly result: RunResult;
  readonly prepared: PreparedPlan;
  readonly logPath: string;
  readonly logError: unknown;
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
  const sinks = new Map<string, Promise<{ sink: Sink; identity: string }>>();
  try {
    const prepared = await withSession(owned.engine, async (session) => {
      await store.migrate(session);
      return prepare(session, await store.read(session));
    });
    const secrets = secretsOf(workspace, prepared.manifest);
    const log = runLog({ folder: join(workspace.platformFolder, "logs"), runId, secrets });
    const shown = progressTo(options.json === true ? process.stderr : process.stdout);
    const result = await executePlan(prepared.plan, {
      manifest: prepared.manifest,
      engine: owned.engine,
      store,
      lake: localLake(workspace.lakePath),
      source: prepared.source,
      observations: prepared.observations,
      state: prepared.state,
      fullRefresh: options.fullRefresh ?? false,
      ...(prepared.replays === undefined ? {} : { replays: prepared.replays }),
      ...(prepared.backfills === undefined ? {} : { backfills: prepared.backfills }),
      ...(prepared.held === undefined ? {} : { against: prepared.held.environment }),
      alwaysRefresh: false,
      clock: Date.now,
      runId,
      scratch,
      // One step more than cores: commits and small tables use only one, and files make steps wait.
      concurrency: availableParallelism() + 1,
      openSink: (name) => {
        const opened = sinks.get(name) ?? openSink(workspace, prepared.manifest, name);
        sinks.set(name, opened);
        return opened;
      },
      secrets,
      emit: (event: RunEvent) => {
        log.listener(event);
        shown(event);
      },
    }).finally(() => shown.close());
    const logError = await log.close().then(
      () => null,
      (error: unknown) => error,
    );
    return { result, prepared, logPath: log.path, logError };
  } finally {
    // A sink that could not be opened was reported by its step.
    for (const opened of await Promise.allSettled(sinks.values())) if (opened.status === "fulfilled") await opened.value.sink.close();
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

async function openSink(workspace: Workspace, manifest: Manifest, name: string): Promise<{ sink: Sink; identity: string }> {
  const definition = manifest.sinks.find((sink) => sink.name === name);
  if (definition === undefined) throw new Error(`no sink ${name} in the manifest`);
  const { postgresSink } = await import("../adapters/postgres/index.ts");
  const url = resolveText(definition.to.url, workspace.variables, definition.location) ?? "";
  return { sink: postgresSink(url), identity: sinkIdentity(url) };
}

/** Texts that must never be shown: addresses of the warehouse and of sinks, and their passwords. */
function secretsOf(workspace: Workspace, manifest: Manifest): readonly string[] {
  const ofSinks = manifest.sinks.flatMap((sink) => {
    const url = resolveText(sink.to.url, workspace.variables, sink.location);
    if (url === null || !URL.canParse(url)) return [];
    const { password } = new URL(url);
    return [url, password, decodeURIComponent(password)].filter((text) => text !== "");
  });
  return [...workspace.warehouse.secrets, ...ofSinks];
}
