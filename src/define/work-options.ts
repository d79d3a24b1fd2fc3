/** How often and when a step that failed is tried again. Only errors that can pass by themselves are: see docs/reference/errors.md. */
export interface Retries {
  /** Attempts after the first one. */
  readonly limit: number;
  /** Wait before the first of them: a duration such as `"30 s"`. Default: 10 s. */
  readonly delay?: string;
  /** Every further wait is so many times as long. Default: 2; 1 keeps it as it is. */
  readonly backoff?: number;
  /** No wait is longer. Default: 1 hour, or the delay where that is longer. */
  readonly maxDelay?: string;
  /** Share of a wait, 0 to 1, that chance may take off, so that steps that failed together do not come back together. Default: 0.2. */
  readonly jitter?: number;
}

/** How a table's steps are carried out; what they make does not depend on it. */
export interface WorkOptions {
  /** Default: the pipeline's. */
  readonly retries?: Retries;
  /** An attempt that takes longer is cancelled: a duration such as `"10 min"`. Default: none. */
  readonly timeout?: string;
  /** A pool of the project; so many steps of it as the project's `pools` say run at the same time. */
  readonly pool?: string;
  /** Of steps that could start, those of the highest number do. Default: 0. */
  readonly priority?: number;
}

/** The options of a definition that say how its steps are carried out. */
export function workOptions({ retries, timeout, pool, priority }: WorkOptions): WorkOptions {
  return {
    ...(retries === undefined ? {} : { retries }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(pool === undefined ? {} : { pool }),
    ...(priority === undefined ? {} : { priority }),
  };
}
