import type { RunStatus, StepResult } from "../terms.ts";

/** What a person sees of a step or run: `warned` is a success with a check that did not pass. */
export type Outcome = "succeeded" | "warned" | "failed" | "skipped" | "running" | "interrupted" | "cancelled";

/** The shape that goes with the word, so that colour is never the only sign. */
export const marks: Readonly<Record<Outcome | "quarantined", string>> = {
  succeeded: "✓",
  warned: "▲",
  failed: "✕",
  skipped: "○",
  running: "◐",
  interrupted: "▲",
  cancelled: "■",
  quarantined: "◆",
};

export function outcomeOf(step: StepResult): Outcome {
  if (step.status !== "succeeded") return step.status;
  // Rows in quarantine are shown as such.
  return step.checks.every((check) => check.status === "passed" || check.status === "quarantined") ? "succeeded" : "warned";
}

export function runOutcome(status: RunStatus, warnedChecks: number): Outcome {
  return status === "succeeded" && warnedChecks > 0 ? "warned" : status;
}
