import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { StepAttempt } from "../terms.ts";
import type { Run } from "./context.ts";
import { withSession } from "./with-session.ts";

/** The attempts at a run's steps, on record where there is more than one at a step. */
export interface AttemptLog {
  readonly of: (step: Step) => readonly StepAttempt[];
  readonly add: (step: Step, attempt: StepAttempt) => Promise<void>;
  /** Writes what could not be written when it happened: the engine may have been the reason for the attempt's failure. */
  readonly write: () => Promise<void>;
}

export function attemptLog(run: Run): AttemptLog {
  const made = new Map<string, StepAttempt[]>();
  const unwritten: { readonly step: string; readonly attempt: StepAttempt }[] = [];
  const write = async (): Promise<void> => {
    const batch = unwritten.splice(0);
    if (batch.length === 0) return;
    try {
      await withSession(run.engine, (session) =>
        session.transaction(async () => {
          for (const { step, attempt } of batch) await run.store.recordAttempt(session, run.runId, step, attempt);
        }),
      );
    } catch (error) {
      unwritten.unshift(...batch);
      throw error;
    }
  };
  return {
    of: ({ step }) => made.get(step) ?? [],
    add: async ({ step }, attempt) => {
      made.set(step, [...(made.get(step) ?? []), attempt]);
      unwritten.push({ step, attempt });
      await write().catch((error: unknown) => {
        if (!(error instanceof AssayError && error.retryable)) throw error;
      });
    },
    write,
  };
}
