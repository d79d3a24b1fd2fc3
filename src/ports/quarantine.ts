import type { TableName } from "../terms.ts";

/**
 * `open`: left out of its table · `replayed`: entered again, and counts as a row of its file · `superseded`: its file was read again or is
 * gone, or its model was built again · `failed`: refused in a step that failed, of which nothing was published.
 */
export type QuarantineState = "open" | "replayed" | "superseded" | "failed";

/** Contract column → value as text. */
export type RecordValues = Readonly<Record<string, string | null>>;

/** A refused row as it is kept. */
export interface QuarantinedRow {
  /** 16 hex digits; the same whenever the same row of the same file content (for a model: the same key) is refused. */
  readonly id: string;
  readonly state: QuarantineState;
  readonly table: TableName;
  /** What it broke: `type:price`, `not_null:price`, `between:price`, `expression:total_adds_up`, `too_many_columns`. */
  readonly rule: string;
  /** The rule without its column or name. */
  readonly reason: string;
  readonly column: string | null;
  readonly message: string;
  /** Full path; null for a row of a model. */
  readonly source_file: string | null;
  /** The file's name and content in its table; null for a row of a model. */
  readonly file_name: string | null;
  readonly file_sha256: string | null;
  /** Record in the file, from 1 (a header is record 1); null where it is not known, and for a row of a model. */
  readonly row_number: number | null;
  /** Key of a model's row as JSON. */
  readonly key: string | null;
  /** The row's text as it stood in the file; a model's row as JSON. */
  readonly raw: string | null;
  /** The values as they would enter, edited ones included; null where the text cannot be split into them. */
  readonly record: RecordValues | null;
  /** The run that judged it last. */
  readonly run_id: string;
  readonly batch_id: string;
  /** ISO 8601 in UTC. */
  readonly quarantined_at: string;
  /** The run that replayed or superseded it. */
  readonly closed_run_id: string | null;
}

/** Which rows; what is left out does not matter. */
export interface QuarantineFilter {
  readonly table?: TableName | undefined;
  /** A rule, or its reason alone. */
  readonly rule?: string | undefined;
  readonly batch?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  /** Default: open and failed. */
  readonly states?: readonly QuarantineState[] | undefined;
}

/** Rows refused by one rule of one table. */
export interface QuarantineGroup {
  readonly table: TableName;
  readonly rule: string;
  readonly reason: string;
  readonly column: string | null;
  readonly state: QuarantineState;
  readonly rows: number;
  readonly files: number;
  /** ISO 8601 in UTC. */
  readonly first_seen: string;
  readonly last_seen: string;
  /** The run that saw them last. */
  readonly last_run_id: string;
}

/** Rows of a model that broke its rules in the build that is recorded, in the caller's session. */
export interface DivertedRows {
  /** Relation with the columns `id`, `rule`, `reason`, `column_name`, `message`, `key`, `raw`. */
  readonly from: string;
  /**
   * What was built again: null for all of the model, otherwise a relation with the distinct values of `columns` that were. Open rows of it
   * that are not in `from` are closed.
   */
  readonly touched: { readonly from: string; readonly columns: readonly string[] } | null;
  /** What becomes of rows that no longer break a rule. */
  readonly closedAs: "replayed" | "superseded";
}
