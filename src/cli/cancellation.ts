import { constants } from "node:os";
import { AssayError } from "../errors.ts";

/** How a person, or the system, ends a command: Ctrl-C or SIGTERM once lets it end in order, twice ends it at once. */
export interface Cancellation {
  readonly signal: AbortSignal;
  /** 128 + the signal's number, as shells have it. */
  readonly exitCode: () => number;
  /** Signals mean again what they mean to every process; but where one came, the next one still ends this at once. */
  readonly end: () => void;
}

/** `asked` is called when the first signal comes. */
export function cancellation(asked: () => void): Cancellation {
  const controller = new AbortController();
  let code = 128 + constants.signals.SIGINT;
  const listener = (signal: "SIGINT" | "SIGTERM"): void => {
    code = 128 + constants.signals[signal];
    if (controller.signal.aborted) process.exit(code);
    controller.abort(
      new AssayError("RUN_CANCELLED", `the run was cancelled (${signal})`, { hint: "run again: what had succeeded is not repeated" }),
    );
    asked();
  };
  process.on("SIGINT", listener).on("SIGTERM", listener);
  return {
    signal: controller.signal,
    exitCode: () => code,
    end: () => {
      if (!controller.signal.aborted) process.off("SIGINT", listener).off("SIGTERM", listener);
    },
  };
}
