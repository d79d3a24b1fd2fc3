import { parseDuration } from "../define/duration.ts";
import type { Retries, WorkOptions } from "../define/work-options.ts";
import type { ErrorCode } from "../errors.ts";

/** When a failed attempt is followed by another; times in milliseconds. */
export interface RetryPolicy {
  /** Attempts after the first one. */
  readonly limit: number;
  readonly delay_ms: number;
  readonly backoff: number;
  readonly max_delay_ms: number;
  /** Share of a wait that chance may take off. */
  readonly jitter: number;
}

/** How a step is carried out. */
export interface StepPolicy {
  /** Null: nobody asked for any; see {@link retriesFor}. */
  readonly retries: RetryPolicy | null;
  /** Of one attempt; null: none. */
  readonly timeout_ms: number | null;
  readonly pool: string | null;
  /** The highest number goes first. */
  readonly priority: number;
}

export const plainPolicy: StepPolicy = { retries: null, timeout_ms: null, pool: null, priority: 0 };

/** The policy of a table's or sink's steps; `retries` are the pipeline's, for those that declare none. */
export function stepPolicy(work: WorkOptions | undefined, retries: Retries | null): StepPolicy {
  const declared = work?.retries ?? retries;
  return {
    retries: declared === null ? null : retryPolicy(declared),
    timeout_ms: work?.timeout === undefined ? null : parseDuration(work.timeout),
    pool: work?.pool ?? null,
    priority: work?.priority ?? 0,
  };
}

function retryPolicy({ limit, delay = "10 s", backoff = 2, maxDelay, jitter = 0.2 }: Retries): RetryPolicy {
  const first = parseDuration(delay) ?? 0;
  const longest = maxDelay === undefined ? Math.max(first, 3_600_000) : (parseDuration(maxDelay) ?? first);
  return { limit, delay_ms: first, backoff, max_delay_ms: longest, jitter };
}

/** The server itself asks for these to be tried again: two transactions got in each other's way, and neither is at fault. */
const whenBusy: RetryPolicy = { limit: 2, delay_ms: 1_000, backoff: 2, max_delay_ms: 60_000, jitter: 0.5 };
const noRetries: RetryPolicy = { ...whenBusy, limit: 0 };

/** The policy for a step that failed with an error of this code; where none is declared, only ENGINE_BUSY is tried again, twice. */
export function retriesFor(policy: StepPolicy, code: ErrorCode): RetryPolicy {
  return policy.retries ?? (code === "ENGINE_BUSY" ? whenBusy : noRetries);
}

/** Milliseconds to wait before an attempt (the second is number 2). `chance` is from 0 to 1. */
export function retryDelay(retries: RetryPolicy, attempt: number, chance: number): number {
  const wait = Math.min(retries.max_delay_ms, retries.delay_ms * retries.backoff ** (attempt - 2));
  return Math.round(wait * (1 - retries.jitter * chance));
}
