import type { FilledColumn } from "../../compile/model-test/fill-columns.ts";
import type { ErrorReport, Location, TableName } from "../../terms.ts";
import type { RowDiff } from "./row-diff.ts";

/** What one test came to. Shape of one entry of `tests` in `assay test --json`. */
export interface TestResult {
  readonly name: string;
  readonly description: string | null;
  readonly model: TableName;
  readonly location: Location;
  readonly status: "passed" | "failed";
  readonly duration_ms: number;
  /** Null when it passed. */
  readonly failure: TestFailure | null;
}

export interface TestFailure {
  /** Number of the batch, from 1, after which the test stopped; null: the test has only one. */
  readonly batch: number | null;
  readonly message: string;
  /** Steps that failed and should not have. */
  readonly errors: readonly ErrorReport[];
  readonly diff: RowDiff | null;
  /** Columns that the given rows left out, and what they got. */
  readonly filled: readonly FilledColumn[];
  /** Declared checks that did not run, as they compare with tables that are no part of the test. */
  readonly unchecked: readonly string[];
}
