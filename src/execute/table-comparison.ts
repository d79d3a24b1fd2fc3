/** A value as text, exactly as the engine writes it; null is absence, `***` a sensitive value. */
export type ShownValue = string | null;

export type ShownRow = Readonly<Record<string, ShownValue>>;

export interface ColumnTypes {
  readonly column: string;
  readonly old: string;
  readonly new: string;
}

/** One row of each side with the same key. */
export interface ChangedRow {
  readonly key: ShownRow;
  readonly columns: readonly { readonly column: string; readonly old: ShownValue; readonly new: ShownValue }[];
}

/** A row of one side; `times` is 1 where rows have a key. */
export interface OneSidedRow {
  readonly row: ShownRow;
  readonly times: number;
}

/** How the rows of two relations differ, from old to new. Shape of `comparison` in `assay verify --json` and `assay diff --json`. */
export interface TableComparison {
  /** `key`: rows with the same key are one row that may have changed · `row`: no key, or none that is unique: a changed row is one removed and one added. */
  readonly by: "key" | "row";
  readonly key: readonly string[];
  /** Null: not known, as only the changes between two runs were looked at; so is `equal`. */
  readonly old_rows: number | null;
  readonly new_rows: number | null;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly equal: number | null;
  /** Changed rows by column; columns without any are left out. */
  readonly columns: readonly { readonly column: string; readonly changed: number }[];
  /** Columns that only one side has; they are not compared. */
  readonly only_old: readonly string[];
  readonly only_new: readonly string[];
  /** Columns whose type differs; their values are compared as numbers or times where both are, else as text. */
  readonly types: readonly ColumnTypes[];
  readonly samples: {
    readonly added: readonly OneSidedRow[];
    readonly removed: readonly OneSidedRow[];
    readonly changed: readonly ChangedRow[];
  };
}

/** Same columns, same types, same rows. */
export function isEqual(comparison: TableComparison): boolean {
  const { added, removed, changed, only_old, only_new, types } = comparison;
  return added + removed + changed + only_old.length + only_new.length + types.length === 0;
}
