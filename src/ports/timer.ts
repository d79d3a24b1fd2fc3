/** Waiting and chance: effects, so that a test can have its own. */
export interface Timer {
  /** Resolves after so many milliseconds, or when the signal is aborted; never throws. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}
