import type { Severity } from "../terms.ts";
import type { TableReference } from "./sql.ts";

export interface CheckOptions {
  /**
   * `error` (default) keeps the old table; `warn` only reports; `quarantine` leaves the rows out that break the rule and keeps them in
   * quarantine – for `notNull`, `acceptedValues`, `between`, `matches`, `relationships` and `expression`.
   */
  readonly severity?: Severity;
}

interface CheckBase {
  readonly severity: Severity;
}

/**
 * How a measure of a table is held against its own history: the range is median ± max(`sensitivity` × 1.4826 × MAD, tolerance), where MAD is
 * the median distance from the median.
 */
export interface DriftRule {
  /** Width of the range, in standard deviations of an ordinary history. */
  readonly sensitivity: number;
  /** Always allowed: for row counts a share of the median, for null shares a difference of shares. */
  readonly tolerance: number;
  /** The publications looked back on, at most. */
  readonly history: number;
  /** With fewer of them the check passes. */
  readonly minHistory: number;
  /** `day_of_week`: where at least four of them fell on the run's weekday (UTC), only those count. */
  readonly seasonality: "day_of_week" | "none";
  /** `drop` and `spike` allow any value on the other side. */
  readonly direction: "both" | "drop" | "spike";
}

export type DriftOptions = Partial<DriftRule> & CheckOptions;

/** What a drift check takes for what it is not told. */
export const driftDefaults: Readonly<Record<"row_count_drift" | "null_share_drift", DriftRule>> = {
  row_count_drift: { sensitivity: 3, tolerance: 0.1, history: 28, minHistory: 5, seasonality: "day_of_week", direction: "both" },
  null_share_drift: { sensitivity: 3, tolerance: 0.01, history: 28, minHistory: 5, seasonality: "day_of_week", direction: "both" },
};

/** A rule on a table's data, as data. `written`: what its author wrote, where the text is that of another engine. */
export type Check = CheckBase &
  (
    | { readonly kind: "not_null"; readonly column: string }
    | { readonly kind: "unique"; readonly column: string }
    | { readonly kind: "unique_combination"; readonly columns: readonly string[] }
    | { readonly kind: "accepted_values"; readonly column: string; readonly values: readonly (string | number | boolean)[] }
    | { readonly kind: "between"; readonly column: string; readonly min: string | number | null; readonly max: string | number | null }
    | { readonly kind: "matches"; readonly column: string; readonly pattern: string; readonly written?: string }
    | { readonly kind: "row_count"; readonly min: number | null; readonly max: number | null }
    | { readonly kind: "relationships"; readonly column: string; readonly to: string; readonly field: string }
    | { readonly kind: "expression"; readonly name: string; readonly expression: string; readonly written?: string }
    | {
        readonly kind: "conserves";
        readonly column: string;
        readonly upstream: string;
        readonly measure: string;
        readonly where: string | null;
        readonly written?: string;
      }
    | { readonly kind: "sql"; readonly name: string; readonly query: string }
    | ({ readonly kind: "row_count_drift" } & DriftRule)
    | ({ readonly kind: "null_share_drift"; readonly column: string } & DriftRule)
    | { readonly kind: "freshness"; readonly column: string; readonly maxAge: string }
  );

export type CheckKind = Check["kind"];

/** Kinds that hold row by row: those that can have severity `quarantine`. */
export const rowCheckKinds: ReadonlySet<CheckKind> = new Set([
  "not_null",
  "accepted_values",
  "between",
  "matches",
  "relationships",
  "expression",
]);

const severityOf = (options: CheckOptions | undefined): Severity => options?.severity ?? "error";

/**
 * Checks on a bronze table or model. They run on the candidate, before anyone can see it.
 *
 * @example
 * import { check } from "assay";
 * const checks = [
 *   check.between("price", { min: 0 }),
 *   check.matches("zip", "^[0-9]{5}$", { severity: "warn" }),
 *   check.rowCount({ min: 1 }),
 * ];
 */
export const check = {
  notNull: (column: string, options?: CheckOptions): Check => ({ kind: "not_null", column, severity: severityOf(options) }),
  unique: (column: string, options?: CheckOptions): Check => ({ kind: "unique", column, severity: severityOf(options) }),
  uniqueCombination: (columns: readonly string[], options?: CheckOptions): Check => ({
    kind: "unique_combination",
    columns,
    severity: severityOf(options),
  }),
  /** Absent values pass; add `notNull` to refuse them. */
  acceptedValues: (column: string, values: readonly (string | number | boolean)[], options?: CheckOptions): Check => ({
    kind: "accepted_values",
    column,
    values,
    severity: severityOf(options),
  }),
  /** Inclusive bounds; write decimals as strings. */
  between: (column: string, bounds: { min?: string | number; max?: string | number }, options?: CheckOptions): Check => ({
    kind: "between",
    column,
    min: bounds.min ?? null,
    max: bounds.max ?? null,
    severity: severityOf(options),
  }),
  /** The whole pattern is a regular expression (RE2) found anywhere in the text; anchor it with ^ and $. */
  matches: (column: string, pattern: string, options?: CheckOptions): Check => ({
    kind: "matches",
    column,
    pattern,
    severity: severityOf(options),
  }),
  rowCount: (bounds: { min?: number; max?: number }, options?: CheckOptions): Check => ({
    kind: "row_count",
    min: bounds.min ?? null,
    max: bounds.max ?? null,
    severity: severityOf(options),
  }),
  /** Every value of `column` exists in `field` of another table; absent values pass. */
  relationships: (column: string, to: TableReference, field: string, options?: CheckOptions): Check => ({
    kind: "relationships",
    column,
    to: to.name,
    field,
    severity: severityOf(options),
  }),
  /** A SQL condition that holds for every row; a row where it is null fails. */
  expression: (name: string, expression: string, options?: CheckOptions): Check => ({
    kind: "expression",
    name,
    expression,
    severity: severityOf(options),
  }),
  /** The column's total equals the total of `measure` (a SQL expression, default: the same column) over an upstream's rows, to the last digit. */
  conserves: (
    column: string,
    upstream: TableReference,
    options?: CheckOptions & { readonly measure?: string; readonly where?: string },
  ): Check => ({
    kind: "conserves",
    column,
    upstream: upstream.name,
    measure: options?.measure ?? column,
    where: options?.where ?? null,
    severity: severityOf(options),
  }),
  /** A query that returns the rows that are wrong; `{table}` stands for the table under check. */
  sql: (name: string, query: string, options?: CheckOptions): Check => ({ kind: "sql", name, query, severity: severityOf(options) }),
  /** The number of rows is as in the table's earlier publications. Warns by default: an unusual number may be right. */
  rowCountDrift: (options: DriftOptions = {}): Check => ({
    kind: "row_count_drift",
    ...driftDefaults.row_count_drift,
    severity: "warn",
    ...options,
  }),
  /** The share of rows without a value is as in the table's earlier publications. Warns by default. */
  nullShareDrift: (column: string, options: DriftOptions = {}): Check => ({
    kind: "null_share_drift",
    column,
    ...driftDefaults.null_share_drift,
    severity: "warn",
    ...options,
  }),
  /**
   * The newest value of a timestamp or date column (UTC) is no older than `maxAge` when the run looks, e.g. `"1 day"`; a date counts from its
   * end. Values after the run's time do not count. Looked at in every run, also when nothing new came.
   */
  freshness: (column: string, maxAge: string, severity: Severity | CheckOptions = {}): Check => ({
    kind: "freshness",
    column,
    maxAge,
    severity: typeof severity === "string" ? severity : severityOf(severity),
  }),
} as const;
