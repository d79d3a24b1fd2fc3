import type { Plan, Step } from "../plan/plan.ts";
import type { StepAttempt, StepResult } from "../terms.ts";
import { attemptLog } from "./attempt-log.ts";
import { remember } from "./commit-table.ts";
import { inputsOf, isoTime, type Run, tableOf } from "./context.ts";
import { inProcessQueue } from "./in-process-queue.ts";
import { expands, mappedAtOnce, mappedSteps, stepsOf } from "./mapped-steps.ts";
import { attemptFailed, runAttempt } from "./run-attempt.ts";
import { sessionsOf } from "./run-sessions.ts";
import { subjectOf } from "./sink-of.ts";
import { stepOrder } from "./step-order.ts";
import { noFacts, stepResult } from "./step-result.ts";
import { type AttemptOutcome, manifestFingerprint, nothingPublished, type StepWork } from "./step-work.ts";

/** Why a step of a cancelled run was left out. */
export const cancelledReason = "the run was cancelled";

/** Runs a plan's steps as soon as what they need is finished, within the limits of the run and of pools; failed ones again where that can help. */
export async function scheduleSteps(run: Run, plan: Plan): Promise<readonly StepResult[]> {
  const results = new Map<string, StepResult>();
  const order = stepOrder(plan.steps.filter((step) => step.action === "run"));
  const waiting = new Set(order);
  const active = new Map<Step, Promise<void>>();
  /** Steps that wait for their next attempt. */
  const pausing = new Map<Step, Promise<void>>();
  /** Steps that turned out to have nothing to do. */
  const idle = new Set<string>();
  const mapped = mappedSteps();
  /** The plan's, and those that they expand into. */
  const steps = [...plan.steps];
  const positions = new Map(steps.map((step, position) => [step, position] as const));
  const attempts = attemptLog(run);
  const sessions = sessionsOf(run.engine);
  const queue = run.queue ?? inProcessQueue(run, sessions);
  const manifest = manifestFingerprint(run.manifest);
  const over = new AbortController();

  const finish = (step: Step, result: StepResult): void => {
    const tries = attempts.of(step);
    const whole = tries.length === 0 ? result : { ...result, attempts: tries };
    results.set(step.step, whole);
    mapped.finish(step, whole);
    run.emit({ kind: "StepFinished", at: isoTime(run.clock()), result: whole });
  };
  const skip = (step: Step, why: string): void => {
    if (mapped.take(step)) mapped.release(step);
    waiting.delete(step);
    finish(step, stepResult(step, "skipped", noFacts, 0, null, why));
  };
  const expand = async (step: Step): Promise<void> => {
    const made = await sessions.use((session) => stepsOf(run, session, step));
    for (const item of made) positions.set(item, steps.push(item) - 1);
    mapped.add(step, made, Math.min(mappedAtOnce(run, step), queue.slots));
  };
  const start = async (step: Step): Promise<void> => {
    const startedAt = isoTime(run.clock());
    const number = attempts.of(step).length + 1;
    run.emit({ kind: "StepStarted", at: startedAt, step: step.step, table: step.table });
    if (number > 1) await lookAgain(run, step);
    const position = positions.get(step) ?? 0;
    const { params, fullRefresh: full_refresh, alwaysRefresh: always_refresh } = run;
    const work: StepWork = { manifest, step, position, params, full_refresh, always_refresh };
    const { pool = null, priority = 0 } = step.policy ?? {};
    const began = run.clock();
    const outcome = await queue
      .carryOut({ run_id: run.runId, step: step.step, attempt: number, pool, priority, work }, run.control?.signal)
      .then(async (made) => {
        if (expands(step) && made.kind === "finished" && made.result.status === "succeeded") await expand(step);
        return made;
      })
      .catch(async (error: unknown) => ({
        ...(await attemptFailed(run, sessions, { step, position, attempt: number, began }, error)),
        ...nothingPublished,
      }));
    // What a worker has published.
    remember(run, outcome);
    if (outcome.kind === "retry" || number > 1) await attempts.add(step, attemptOf(outcome, number, startedAt, isoTime(run.clock())));
    if (outcome.kind === "finished") return finish(step, outcome.result);
    const { error, retry_in_ms } = outcome;
    const { table } = step;
    run.emit({ kind: "StepRetrying", at: isoTime(run.clock()), step: step.step, table, attempt: number, error, retry_in_ms });
    const pause = wait(run, retry_in_ms, over.signal).then(() => {
      pausing.delete(step);
      if (!mapped.putBack(step)) waiting.add(step);
    });
    pausing.set(step, pause);
  };
  const isFree = ({ policy }: Step): boolean => {
    const pool = policy?.pool ?? null;
    const limit = pool === null ? undefined : plan.pools?.[pool];
    return limit === undefined || [...active.keys()].filter((step) => step.policy?.pool === pool).length < limit;
  };
  try {
    for (const [position, step] of plan.steps.entries()) {
      if (step.action === "run") continue;
      const outcome = await runAttempt(run, sessions, step, position, 1);
      if (outcome.kind === "retry") throw new Error(`${step.step} is not tried again`);
      if (outcome.result.status === "skipped") results.set(step.step, outcome.result);
      else finish(step, outcome.result);
    }
    while (waiting.size > 0 || active.size > 0 || pausing.size > 0) {
      const isCancelled = run.control?.signal.aborted === true;
      for (const step of order.flatMap((item) => (waiting.has(item) ? [item] : mapped.waiting(item, isCancelled)))) {
        const upstreams = step.after.map((name) => (mapped.isOpen(name) ? undefined : results.get(name)));
        const failed = step.after.find((name) => !idle.has(name) && (results.get(name)?.status ?? "succeeded") !== "succeeded");
        const broken = failed ?? step.after.flatMap((name) => (mapped.isOpen(name) ? [] : (mapped.brokenOf(name) ?? [])))[0];
        if (isCancelled) {
          skip(step, attempts.of(step).length === 0 ? cancelledReason : `${cancelledReason} before its next attempt`);
          continue;
        }
        if (broken !== undefined) {
          skip(step, `${broken} did not succeed`);
          continue;
        }
        if (active.size >= queue.slots || upstreams.includes(undefined)) continue;
        if (!isFree(step)) continue;
        if (nothingNew(run, step)) {
          skip(step, "unchanged: what it reads made the same rows as before");
          idle.add(step.step);
          continue;
        }
        mapped.take(step);
        waiting.delete(step);
        const work = start(step).finally(() => {
          active.delete(step);
          mapped.release(step);
        });
        active.set(step, work);
      }
      if (active.size + pausing.size > 0) await Promise.race([...active.values(), ...pausing.values()]);
    }
    await attempts.write();
  } finally {
    // Whatever broke the loop, nothing goes on in the background.
    over.abort();
    await Promise.allSettled([...active.values()]);
    sessions.dropIdle();
    if (run.queue === undefined) await queue.close();
  }
  return steps.flatMap((step) => results.get(step.step) ?? []);
}

function wait({ control }: Run, milliseconds: number, over: AbortSignal): Promise<void> {
  if (control === undefined) throw new Error("there is nothing to wait with");
  return control.timer.sleep(milliseconds, AbortSignal.any([control.signal, over]));
}

/** A source that was not there may be there by now. */
async function lookAgain(run: Run, { kind, table }: Step): Promise<void> {
  const observation = run.observations.get(table);
  if ((kind !== "ingest" && kind !== "extract") || run.control === undefined || observation === undefined || !("error" in observation))
    return;
  run.observations.set(table, await run.control.observe(table));
}

function attemptOf(outcome: AttemptOutcome, attempt: number, started_at: string, finished_at: string): StepAttempt {
  const at = { attempt, started_at, finished_at };
  if (outcome.kind === "retry") return { ...at, status: "failed", error: outcome.error, retry_in_ms: outcome.retry_in_ms };
  const { status, error } = outcome.result;
  return { ...at, status: status === "failed" ? "failed" : "succeeded", error, retry_in_ms: null };
}

/** A step planned for new input whose upstreams, now finished, are of the versions it has read already. */
function nothingNew(run: Run, step: Step): boolean {
  if (["extract", "load", "ingest", "chunk"].includes(step.kind) || step.action !== "run" || step.reason !== "new_input") return false;
  const table = tableOf(run, step.table);
  const before = run.publications.get(subjectOf(run.manifest, step));
  const reads = step.kind === "sink" ? { [step.table]: run.publications.get(step.table)?.version } : inputsOf(run, table);
  return before !== undefined && Object.entries(reads).every(([name, version]) => before.inputs[name] === version);
}
