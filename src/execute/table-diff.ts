import type { ManifestTable } from "../compile/manifest.ts";
import type { RowChanges, TableName } from "../terms.ts";
import type { TableComparison } from "./table-comparison.ts";

/** A table in one of the two states that are compared. */
export interface TableState {
  /** Null: it was not there. */
  readonly version: string | null;
  /** Null: not known. */
  readonly rows: number | null;
}

/**
 * How a table differs between two runs or environments. `equal` · `changed`: the rows are in `comparison` · `counted`: it is not known row by
 * row, `reason` says why · `missing`: one side does not have it. Shape of an entry of `tables` in `assay diff --json`.
 */
export interface TableDiff {
  readonly table: TableName;
  readonly status: "equal" | "changed" | "counted" | "missing";
  readonly old: TableState;
  readonly new: TableState;
  /** What the commits between say in numbers, each row as often as it changed; null where they do not. */
  readonly counts: RowChanges | null;
  readonly reason: string | null;
  readonly notes: readonly string[];
  readonly comparison: TableComparison | null;
}

/** Columns that identify a row; empty: exactly one row; null: none declared. */
export function keyOf(table: ManifestTable): readonly string[] | null {
  return table.kind === "bronze" && table.grain.length === 0 ? null : table.grain;
}
