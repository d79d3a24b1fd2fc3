import type { BronzeTable } from "../compile/manifest.ts";
import { redact } from "../define/redact.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import { plainPolicy, retriesFor, retryDelay } from "../plan/step-policy.ts";
import type { Session } from "../ports/engine.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { Location, StepResult, TableName } from "../terms.ts";
import { buildModel } from "./build.ts";
import { cancelOn } from "./cancel-on.ts";
import { isoTime, type Run, tableOf } from "./context.ts";
import { deferTable } from "./defer-table.ts";
import { engineMessage } from "./engine-message.ts";
import { extractTable } from "./extract.ts";
import { gatherChunks } from "./gather-chunks.ts";
import { ingestTable } from "./ingest.ts";
import { loadChunk } from "./load-chunk.ts";
import { publishBronze } from "./publish-bronze.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import type { Sessions } from "./run-sessions.ts";
import { sendTable } from "./send.ts";
import { sinkOf } from "./sink-of.ts";
import { skippedStep } from "./skipped-step.ts";
import { stepDeadline } from "./step-deadline.ts";
import { noFacts, StepFailure, stepResult } from "./step-result.ts";
import type { AttemptOutcome } from "./step-work.ts";

/** One attempt (from 1) at a step; its failure is recorded unless another attempt follows. */
export async function runAttempt(run: Run, sessions: Sessions, step: Step, position: number, attempt: number): Promise<AttemptOutcome> {
  const began = run.clock();
  const deadline = stepDeadline(run.control, step);
  const own = deadline.signal === undefined ? run : { ...run, signal: deadline.signal };
  try {
    const result = await sessions.use(async (session) => {
      const letGo = cancelOn(deadline.signal, session);
      try {
        return await runStep(own, session, step, position);
      } finally {
        letGo();
      }
    });
    return { kind: "finished", result };
  } catch (error) {
    // What was cancelled fails with whatever was under way; why it was cancelled is what counts.
    const reason: unknown = deadline.signal?.aborted === true ? deadline.signal.reason : error;
    return attemptFailed(run, sessions, { step, position, attempt, began }, reason);
  } finally {
    deadline.end();
  }
}

/** An attempt, and when it began (ms since 1970). */
export interface Attempt {
  readonly step: Step;
  readonly position: number;
  readonly attempt: number;
  readonly began: number;
}

/** What a failed attempt comes to: another one, or the step's failure, which is recorded. */
export async function attemptFailed(run: Run, sessions: Sessions, tried: Attempt, error: unknown): Promise<AttemptOutcome> {
  const { step, position, attempt, began } = tried;
  // It may have succeeded, or the environment is another run's by now: whatever was recorded of it could be wrong. The next run reads what it was.
  if (error instanceof AssayError && (error.code === "COMMIT_UNKNOWN" || error.code === "RUN_SUPERSEDED")) throw error;
  const failure =
    error instanceof StepFailure ? error : new StepFailure(placed(asAssayError(run, step, error), placeOf(run, step)), noFacts);
  // The server that closed one connection has closed the others too.
  if (failure.error.code === "ENGINE_UNREACHABLE") sessions.dropIdle();
  const retry = nextAttempt(run, step, failure.error, attempt);
  const result = withoutSecrets(stepResult(step, "failed", failure.facts, run.clock() - began, failure.error), run.secrets);
  if (retry !== null && result.error !== null) return { kind: "retry", error: result.error, retry_in_ms: retry };
  await recordFailure(run, sessions, position, result, failure);
  return { kind: "finished", result };
}

function runStep(run: Run, session: Session, step: Step, position: number): Promise<StepResult> {
  const table = tableOf(run, step.table);
  if (step.action === "skip") return skippedStep(run, session, step, position);
  if (step.kind === "defer" && run.against !== undefined) return deferTable(run, session, step, position, table, run.against);
  if (table.kind === "bronze") return runIngest(run, session, step, position, table);
  return step.kind === "sink" ? sendTable(run, session, step, position, table) : buildModel(run, session, step, position, table);
}

function runIngest(run: Run, session: Session, step: Step, position: number, table: BronzeTable): Promise<StepResult> {
  if (step.kind === "extract") return extractTable(run, session, step, position, table);
  if (step.kind === "load") return loadChunk(run, session, step, position, table);
  if (table.chunks !== undefined) return gatherChunks(run, session, step, position, table);
  return ingestTable(run, session, table, ({ ingested }) => publishBronze(run, session, step, position, table, ingested));
}

/** Milliseconds until the next attempt, or null where there is none. */
function nextAttempt({ control }: Run, step: Step, error: AssayError, attempt: number): number | null {
  if (control === undefined || control.signal.aborted || step.action === "skip" || !error.retryable) return null;
  const retries = retriesFor(step.policy ?? plainPolicy, error.code);
  return attempt > retries.limit ? null : retryDelay(retries, attempt + 1, control.timer.random());
}

async function recordFailure(run: Run, sessions: Sessions, position: number, result: StepResult, failure: StepFailure): Promise<void> {
  // The rows of a failed step were not published.
  const refused = failure.refused.length === 0 ? {} : { refused: failedRows(run, { table: result.table, refused: failure.refused }) };
  await sessions.use((session) => session.transaction(() => recordUnpublished(run, session, position, result, refused)));
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
  return (sinkOf(run.manifest, step) ?? tableOf(run, step.table)).location;
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
