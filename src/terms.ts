/**
 * The words of Assay, defined once. Every room, event, CLI verb and page uses these names.
 *
 * bronze table: rows of a source as they came, typed by the contract at the door · model: a SELECT that makes a silver or gold table ·
 * batch: one ingest of one bronze table · grain (key): the columns that identify one row · contract: columns, types, nullability ·
 * quarantine: rows refused by a rule, kept with the reason · check: a rule on data · step: one table's work in a run ·
 * publication: the version of a table that readers see · ledger: where every row of a step went.
 */

export type Layer = "bronze" | "silver" | "gold";

/** Layer-qualified name, e.g. `gold.fact_sales`. */
export type TableName = `${Layer}.${string}`;

/** Place in a user's project; `line` counts from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
}

/** `quarantine`: rows that break the rule are left out and kept in quarantine; for rules that hold row by row. */
export type Severity = "warn" | "error" | "quarantine";

export type ParamValue = string | number | boolean;

export type Params = Readonly<Record<string, ParamValue>>;

/**
 * `extract`, `load`: of a bronze table that is ingested in chunks, the reading of its files and the loading of one chunk; its `ingest`
 * publishes them · `split`, `chunk`: of a model that is built in chunks, the search for its values of `by` and the making of one chunk; its
 * `build` publishes them · `defer`: the table is read from another environment instead of being made.
 */
export type StepKind = "extract" | "load" | "ingest" | "split" | "chunk" | "build" | "sink" | "defer";

/** Kinds of mapped steps: there may be thousands of them. */
export const mappedKinds: readonly StepKind[] = ["load", "chunk"];

/** Kinds of steps that do a part of a table's work and publish nothing. */
export const partKinds: readonly StepKind[] = ["extract", "split", ...mappedKinds];

export type StepStatus = "succeeded" | "failed" | "skipped";

/** `interrupted`: the process ended before the run did (killed, power loss) · `cancelled`: somebody ended it. */
export type RunStatus = "running" | "succeeded" | "failed" | "cancelled" | "interrupted";

/** Rows of an upstream that a step read, and how many of them reached its result; `used` is null where it cannot be measured. */
export interface UpstreamLedger {
  readonly table: TableName;
  readonly read: number;
  readonly used: number | null;
}

/** A measure's total on both sides of a step; totals are exact decimals as text. */
export interface ConservedMeasure {
  readonly column: string;
  readonly upstream: TableName;
  readonly measure: string;
  readonly upstream_total: string | null;
  readonly total: string | null;
  readonly agrees: boolean;
}

/** Rows a step left out on purpose, by the rule that did it. */
export interface RemovedRows {
  readonly rule: string;
  readonly rows: number;
}

export interface CheckResult {
  readonly check: string;
  readonly column: string | null;
  readonly severity: Severity;
  /** `quarantined`: rows broke the rule and were left out. */
  readonly status: "passed" | "failed" | "warned" | "quarantined";
  /** Rows (or keys, or 1 for a table-level rule) that break the rule. */
  readonly failures: number;
  /** What was found, with an example; null when the check passed, unless it had nothing to compare: then why. */
  readonly message: string | null;
}

/** How a step's rows differ from those published before; all null where rows were not compared. */
export interface RowChanges {
  readonly inserted: number | null;
  readonly updated: number | null;
  readonly deleted: number | null;
}

/** The part of an incremental table that a step rebuilt: distinct values of `by`, and about how many there are. */
export interface TouchedValues {
  readonly values: number;
  readonly of: number | null;
}

/** One of several attempts at a step. */
export interface StepAttempt {
  /** From 1. */
  readonly attempt: number;
  readonly status: "succeeded" | "failed";
  /** ISO 8601 in UTC. */
  readonly started_at: string;
  readonly finished_at: string;
  readonly error: ErrorReport | null;
  /** Milliseconds until the next attempt; null: there was none. */
  readonly retry_in_ms: number | null;
}

/** What a step did. Shape of one entry of `steps` in `assay run --json`. */
export interface StepResult {
  readonly step: string;
  readonly kind: StepKind;
  readonly table: TableName;
  readonly status: StepStatus;
  readonly reason: string;
  /** Rows that came in, where a step keeps rows; null where its grain differs from its upstreams'. */
  readonly rows_in: number | null;
  readonly rows_out: number | null;
  readonly quarantined: number;
  readonly removed: number;
  readonly removed_by: readonly RemovedRows[];
  readonly upstreams: readonly UpstreamLedger[];
  readonly conserved: readonly ConservedMeasure[];
  /** Null: the step published no other rows than before, or none at all. */
  readonly changes: RowChanges | null;
  /** Null: built in full. */
  readonly touched: TouchedValues | null;
  readonly duration_ms: number;
  readonly checks: readonly CheckResult[];
  readonly notes: readonly string[];
  readonly error: ErrorReport | null;
  /** Oldest first; left out where the first attempt was the only one. */
  readonly attempts?: readonly StepAttempt[];
}

/** An error as shown to people and machines. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly location: Location | null;
}

/** What a run did. Shape of `assay run --json`. */
export interface RunResult {
  readonly run_id: string;
  readonly status: RunStatus;
  readonly pipeline: string;
  readonly env: string;
  readonly params: Params;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly duration_ms: number | null;
  readonly steps: readonly StepResult[];
}
