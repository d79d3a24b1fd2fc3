import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { redact } from "../define/redact.ts";
import { AssayError } from "../errors.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { sinkStep, sinkSubject } from "../plan/plan-run.ts";
import type { Session } from "../ports/engine.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { RunStore } from "../ports/state-store.ts";
import type { Location, RunResult, StepResult, TableName } from "../terms.ts";
import { buildModel } from "./build.ts";
import { type ExecuteContext, inputsOf, isoTime, type Run, tableOf } from "./context.ts";
import { deferTable } from "./defer-table.ts";
import { engineMessage } from "./engine-message.ts";
import { ingestTable } from "./ingest.ts";
import { sendTable } from "./send.ts";
import { skippedStep } from "./skipped-step.ts";
import { noFacts, StepFailure, stepResult } from "./step-result.ts";

/**
 * Carries a plan out: steps run as soon as what they need is finished, several at a time; a failed step skips its dependents and the rest
 * goes on. Never throws for a failed step; throws when the run itself cannot be recorded.
 */
export async function executePlan(plan: Plan, context: ExecuteContext): Promise<RunResult> {
  const run: Run = {
    ...context,
    params: plan.params,
    publications: new Map(context.state.publications),
    commits: new Map(context.state.commits),
    frozen: new Map(),
  };
  const startedAt = context.clock();
  const { runId } = context;
  const control = await context.engine.session();
  try {
    for (const unfinished of await context.store.unfinishedRuns(control)) {
      context.emit({ kind: "RunInterruptedFound", at: isoTime(context.clock()), ...unfinished });
      await context.lake.removeRun(unfinished.run_id, committedFolders(context));
      await rm(join(dirname(context.scratch), unfinished.run_id), { recursive: true, force: true });
    }
    const toRun = plan.steps.filter((step) => step.action === "run");
    await control.transaction(async () => {
      await context.store.restamp(control, touchedInVain(context));
      await context.store.startRun(control, {
        run_id: runId,
        pipeline: plan.pipeline,
        env: plan.environment,
        params: plan.params,
        started_at: isoTime(startedAt),
      });
    });
    context.emit({
      kind: "RunStarted",
      at: isoTime(startedAt),
      run_id: runId,
      project: plan.project,
      pipeline: plan.pipeline,
      env: plan.environment,
      params: plan.params,
      steps: toRun.map(({ step, kind, table, because }) => ({ step, kind, table, because })),
      skipped: plan.steps.length - toRun.length,
    });
    if (toRun.length > 0) await context.engine.defineFunctions(control, context.manifest.functions);
    await mkdir(context.scratch, { recursive: true });
    const results = await runSteps(run, plan);
    // While the run still counts as unfinished: a kill after its end would leave the folder for good.
    await rm(context.scratch, { recursive: true, force: true });
    const finishedAt = context.clock();
    const status = results.some((result) => result.status === "failed") ? "failed" : "succeeded";
    await control.transaction(async () => {
      // Steps that ran were recorded when they ended.
      const skipped = results.flatMap((result, position) => (result.status === "skipped" ? [{ position, result }] : []));
      await context.store.recordSkipped(control, runId, skipped, isoTime(finishedAt));
      await context.store.finishRun(control, {
        run_id: runId,
        status,
        finished_at: isoTime(finishedAt),
        duration_ms: finishedAt - startedAt,
      });
    });
    const result: RunResult = {
      run_id: runId,
      status,
      pipeline: plan.pipeline,
      env: plan.environment,
      params: plan.params,
      started_at: isoTime(startedAt),
      finished_at: isoTime(finishedAt),
      duration_ms: Math.round(finishedAt - startedAt),
      steps: results,
    };
    context.emit({ kind: "RunFinished", at: isoTime(finishedAt), result });
    return result;
  } finally {
    control.close();
    await rm(context.scratch, { recursive: true, force: true });
  }
}

/** Batch folders that published tables read (absolute). */
function committedFolders(context: ExecuteContext): ReadonlySet<string> {
  return new Set(
    context.state.files
      .filter((file) => file.files !== "")
      .map((file) => /^.*?run_id=[^/]+/.exec(context.lake.absolute(file.files))?.[0] ?? ""),
  );
}

async function runSteps(run: Run, plan: Plan): Promise<readonly StepResult[]> {
  const results = new Map<string, StepResult>();
  const waiting = longestChainFirst(plan.steps.filter((step) => step.action === "run"));
  const opened: Session[] = [];
  const free: Session[] = [];
  const active = new Set<Promise<void>>();
  /** Steps that turned out to have nothing to do. */
  const idle = new Set<string>();

  const finish = (step: Step, result: StepResult): void => {
    results.set(step.step, result);
    run.emit({ kind: "StepFinished", at: isoTime(run.clock()), result });
  };
  const connect = async (): Promise<Session> => {
    const session = free.pop() ?? (await run.engine.session());
    if (!opened.includes(session)) opened.push(session);
    return session;
  };
  const start = async (step: Step): Promise<void> => {
    run.emit({ kind: "StepStarted", at: isoTime(run.clock()), step: step.step, table: step.table });
    const session = await connect();
    finish(step, await runStep(run, session, step, plan.steps.indexOf(step)));
    free.push(session);
  };
  try {
    for (const [position, step] of plan.steps.entries()) {
      if (step.action === "run") continue;
      const session = await connect();
      const result = await runStep(run, session, step, position);
      free.push(session);
      if (result.status === "skipped") results.set(step.step, result);
      else finish(step, result);
    }
    while (waiting.length > 0 || active.size > 0) {
      for (const step of [...waiting]) {
        const upstreams = step.after.map((name) => results.get(name));
        const broken = step.after.find((name) => !idle.has(name) && (results.get(name)?.status ?? "succeeded") !== "succeeded");
        if (broken !== undefined) {
          waiting.splice(waiting.indexOf(step), 1);
          finish(step, stepResult(step, "skipped", noFacts, 0, null, `${broken} did not succeed`));
          continue;
        }
        if (active.size >= run.concurrency || upstreams.includes(undefined)) continue;
        if (nothingNew(run, step)) {
          waiting.splice(waiting.indexOf(step), 1);
          finish(step, stepResult(step, "skipped", noFacts, 0, null, "unchanged: what it reads made the same rows as before"));
          idle.add(step.step);
          continue;
        }
        waiting.splice(waiting.indexOf(step), 1);
        const work: Promise<void> = start(step).finally(() => active.delete(work));
        active.add(work);
      }
      if (active.size > 0) await Promise.race(active);
    }
  } finally {
    // Whatever broke the loop, nothing goes on in the background.
    await Promise.allSettled(active);
    for (const session of opened) session.close();
  }
  return plan.steps.flatMap((step) => results.get(step.step) ?? []);
}

/** A step planned for new input whose upstreams, now finished, are of the versions it has read already. */
function nothingNew(run: Run, step: Step): boolean {
  if (step.kind === "ingest" || step.action !== "run" || step.reason !== "new_input") return false;
  const table = tableOf(run, step.table);
  const sink = run.manifest.sinks.find((item) => step.step === sinkStep(item.name, step.table));
  const before = run.publications.get(sink === undefined ? step.table : sinkSubject(sink.name, step.table));
  const reads = sink === undefined ? inputsOf(run, table) : { [step.table]: run.publications.get(step.table)?.version };
  return before !== undefined && Object.entries(reads).every(([name, version]) => before.inputs[name] === version);
}

/** Steps on which the most others wait, one after the other, come first: the last step then has not to wait for work that could be done beside it. */
function longestChainFirst(steps: readonly Step[]): Step[] {
  const chain = new Map<string, number>();
  for (const step of steps.toReversed()) {
    const own = chain.get(step.step) ?? 1;
    for (const upstream of step.after) chain.set(upstream, Math.max(chain.get(upstream) ?? 1, own + 1));
  }
  return steps.toSorted((a, b) => (chain.get(b.step) ?? 1) - (chain.get(a.step) ?? 1));
}

async function runStep(run: Run, session: Session, step: Step, position: number): Promise<StepResult> {
  const started = run.clock();
  const table = tableOf(run, step.table);
  try {
    if (step.action === "skip") return await skippedStep(run, session, step, position);
    if (step.kind === "defer" && run.against !== undefined) return await deferTable(run, session, step, position, table, run.against);
    if (table.kind === "bronze") return await ingestTable(run, session, step, position, table);
    return step.kind === "sink"
      ? await sendTable(run, session, step, position, table)
      : await buildModel(run, session, step, position, table);
  } catch (error) {
    const failure =
      error instanceof StepFailure ? error : new StepFailure(placed(asAssayError(run, step, error), placeOf(run, step)), noFacts);
    // The rows of a failed step were not published.
    const result = withoutSecrets(stepResult(step, "failed", failure.facts, run.clock() - started, failure.error), run.secrets);
    await session.transaction(() =>
      run.store.recordStep(session, {
        run_id: run.runId,
        position,
        result,
        finished_at: isoTime(run.clock()),
        publication: null,
        commit: null,
        ingest: null,
        ...(failure.refused.length === 0 ? {} : { refused: failedRows(run, { table: step.table, refused: failure.refused }) }),
      }),
    );
    return result;
  }
}

/** So many of a failed step's rows are kept for people to look at. */
const keptOfFailure = 1000;

function failedRows(
  run: Run,
  { table, refused }: { readonly table: TableName; readonly refused: readonly QuarantinedRow[] },
): readonly QuarantinedRow[] {
  const own = { state: "failed", run_id: run.runId, batch_id: `${table}/${run.runId}`, quarantined_at: isoTime(run.clock()) } as const;
  return refused.slice(0, keptOfFailure).map((row) => ({ ...row, ...own }));
}

/** Where what a step works on is declared. */
function placeOf(run: Run, step: Step): Location {
  const sink = run.manifest.sinks.find((item) => step.step === `sink ${item.name} ${step.table}`);
  return (sink ?? tableOf(run, step.table)).location;
}

function placed(error: AssayError, location: Location): AssayError {
  if (error.location !== null) return error;
  return new AssayError(error.code, error.message, { ...(error.hint === null ? {} : { hint: error.hint }), location, cause: error.cause });
}

function withoutSecrets(result: StepResult, secrets: readonly string[]): StepResult {
  if (result.error === null) return result;
  const { message, hint } = result.error;
  return { ...result, error: { ...result.error, message: redact(message, secrets), hint: hint === null ? null : redact(hint, secrets) } };
}

function asAssayError(run: Run, step: Step, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  const message = engineMessage(error, tableOf(run, step.table), run.manifest);
  return new AssayError("BUILD_FAILED", `${step.table}: ${message}`, { hint: "what was published before stands", cause: error });
}

/** Files that were looked through again since their stamp was taken, and hold what they held. */
function touchedInVain({ observations, state }: ExecuteContext): Parameters<RunStore["restamp"]>[1] {
  return [...observations].flatMap(([table, observation]) => {
    if ("error" in observation || observation.recalled) return [];
    const known = new Map(state.files.filter((file) => file.table === table).map((file) => [file.name, file] as const));
    return observation.files.flatMap(({ name, sha256, stamp, stampedAt }) => {
      const file = known.get(name);
      return file?.sha256 === sha256 && stampedAt > file.stamped_at ? [{ table, name, sha256, stamp, stamped_at: stampedAt }] : [];
    });
  });
}
