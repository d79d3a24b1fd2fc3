import type { Session } from "../ports/engine.ts";
import type { StepRecord } from "../ports/state-store.ts";
import type { StepResult } from "../terms.ts";
import { isoTime, type Run } from "./context.ts";

/** Puts a step that publishes nothing on record, inside the caller's transaction. */
export function recordUnpublished(
  run: Run,
  session: Session,
  position: number,
  result: StepResult,
  more: Pick<StepRecord, "extract" | "split" | "chunk" | "refused"> = {},
): Promise<void> {
  const own = { run_id: run.runId, position, result, finished_at: isoTime(run.clock()) };
  return run.store.recordStep(session, { ...own, publication: null, commit: null, ingest: null, ...more });
}
