import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plan } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { RunStore } from "../ports/state-store.ts";
import type { RunResult, RunStatus, StepResult } from "../terms.ts";
import { type ExecuteContext, isoTime, type Run } from "./context.ts";
import { cancelledReason, scheduleSteps } from "./schedule-steps.ts";

/**
 * Carries a plan out: steps run as soon as what they need is finished, several at a time; a failed step skips its dependents and the rest
 * goes on. A cancelled run ends early, with that as its status. Never throws for a failed step; throws when the run itself cannot be recorded.
 */
export async function executePlan(plan: Plan, context: ExecuteContext): Promise<RunResult> {
  const run: Run = {
    ...context,
    params: plan.params,
    observations: new Map(context.observations),
    publications: new Map(context.state.publications),
    commits: new Map(context.state.commits),
    frozen: new Map(),
  };
  const startedAt = context.clock();
  const { runId } = context;
  const control = await context.engine.session();
  try {
    await removeLeftovers(context, control);
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
    const results = await scheduleSteps(run, plan);
    // While the run still counts as unfinished: a kill after its end would leave the folder for good.
    await rm(context.scratch, { recursive: true, force: true });
    const finishedAt = context.clock();
    const status = statusOf(context, results);
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

/** Removes what runs that never finished have left behind, but for what is published, and what was extracted to be loaded. */
async function removeLeftovers(context: ExecuteContext, session: Session): Promise<void> {
  const interrupted = await context.store.unfinishedRuns(session);
  if (interrupted.length === 0) return;
  const extracted = (await context.store.extractFolders(session)).map((folder) => context.lake.absolute(folder));
  const keep = new Set([...committedFolders(context), ...extracted]);
  for (const unfinished of interrupted) {
    context.emit({ kind: "RunInterruptedFound", at: isoTime(context.clock()), ...unfinished });
    await context.lake.removeRun(unfinished.run_id, keep);
    await rm(join(dirname(context.scratch), unfinished.run_id), { recursive: true, force: true });
  }
}

/** A run that was told to end when all was done is not cancelled. */
function statusOf({ control }: ExecuteContext, results: readonly StepResult[]): RunStatus {
  const isCut = (result: StepResult): boolean => result.error?.code === "RUN_CANCELLED" || result.reason.startsWith(cancelledReason);
  if (control?.signal.aborted === true && results.some(isCut)) return "cancelled";
  return results.some((result) => result.status === "failed") ? "failed" : "succeeded";
}

/** Batch folders that published tables read (absolute). */
function committedFolders(context: ExecuteContext): ReadonlySet<string> {
  return new Set(
    context.state.files
      .filter((file) => file.files !== "")
      .map((file) => /^.*?run_id=[^/]+/.exec(context.lake.absolute(file.files))?.[0] ?? ""),
  );
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
