import type { Queue } from "../ports/queue.ts";
import type { Run } from "./context.ts";
import { runAttempt } from "./run-attempt.ts";
import type { Sessions } from "./run-sessions.ts";
import { nothingPublished, type StepReport, type StepWork } from "./step-work.ts";

/** Carries attempts out in this process, which nobody shares: there is nothing to lease. */
export function inProcessQueue(run: Run, sessions: Sessions): Queue<StepWork, StepReport> {
  return {
    slots: run.concurrency,
    carryOut: async ({ attempt, work }) => ({
      ...(await runAttempt(run, sessions, work.step, work.position, attempt)),
      // The attempt has let the run know of it itself.
      ...nothingPublished,
    }),
    close: async () => sessions.dropIdle(),
  };
}
