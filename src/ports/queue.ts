import type { Session } from "./engine.ts";

/** One attempt at a step of a run, for whoever takes it. `work` is plain JSON: all that a worker has to be told. */
export interface QueuedStep<Work> {
  readonly run_id: string;
  readonly step: string;
  /** From 1. */
  readonly attempt: number;
  /** Null: of no pool. */
  readonly pool: string | null;
  /** The highest number is taken first. */
  readonly priority: number;
  readonly work: Work;
}

/** What a run needs: its steps' attempts are carried out by somebody, each once. */
export interface Queue<Work, Outcome> {
  /** So many attempts are worth handing over at the same time. */
  readonly slots: number;
  /**
   * Resolves with what whoever took it says of it. `signal`: the attempt is cancelled, wherever it is. Throws WORKER_LOST when nobody could
   * finish it, and the signal's reason when it was cancelled before it was finished: then it never will be.
   */
  carryOut(step: QueuedStep<Work>, signal: AbortSignal | undefined): Promise<Outcome>;
  close(): Promise<void>;
}

/** What a worker needs. */
export interface WorkSource<Work, Outcome> {
  /** Up to so many attempts that nobody else has; the most urgent ones first. */
  take(limit: number): Promise<readonly TakenStep<Work, Outcome>[]>;
  /** Resolves when there may be something to take, after a while anyway, and when the signal is aborted. */
  wait(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** An attempt that this worker has taken, and nobody else gets as long as its lease holds. */
export interface TakenStep<Work, Outcome> extends QueuedStep<Work> {
  readonly lease: Lease;
  /** Says what came of it, which is dropped when the lease is lost; the lease ends. */
  finish(outcome: Outcome): Promise<void>;
  /** Leaves it to others; the lease ends. */
  giveBack(): Promise<void>;
}

/** Signs of life keep it; without them it is lost after a while, and another worker takes the attempt over. */
export interface Lease {
  /** How often the step was claimed in its run, this time included. */
  readonly claim: number;
  /** Aborted with an AssayError when the lease is lost, or the attempt is cancelled. */
  readonly signal: AbortSignal;
  /**
   * Part of the transaction that publishes: proves that the attempt still holds its lease, which nobody can take over before the transaction
   * ends. Throws LEASE_LOST.
   */
  hold(session: Session): Promise<void>;
}
