import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { RunControl } from "./context.ts";

/** What ends an attempt early. */
export interface StepDeadline {
  /** Aborted, with an AssayError, when the run is cancelled or the step's timeout has passed. */
  readonly signal: AbortSignal | undefined;
  /** The attempt is through. */
  readonly end: () => void;
}

/** Starts the clock of an attempt at a step. */
export function stepDeadline(control: RunControl | undefined, { step, policy }: Pick<Step, "step" | "policy">): StepDeadline {
  const timeout = policy?.timeout_ms ?? null;
  if (control === undefined || timeout === null) return { signal: control?.signal, end: () => undefined };
  const over = new AbortController();
  const passed = new AbortController();
  void control.timer.sleep(timeout, over.signal).then(() => {
    if (!over.signal.aborted) passed.abort(timeoutError(step, timeout));
  });
  return { signal: AbortSignal.any([control.signal, passed.signal]), end: () => over.abort() };
}

function timeoutError(step: string, timeout: number): AssayError {
  return new AssayError("STEP_TIMEOUT", `${step} was not done after ${timeout / 1000} s, its timeout, and was cancelled`, {
    hint: "what was published before stands; give it a longer timeout, or less to do",
  });
}
