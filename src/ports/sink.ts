import type { ContractColumn } from "../define/types.ts";

/** A table as a sink has to hold it. */
export interface SinkTable {
  readonly schema: string;
  readonly table: string;
  readonly description: string | null;
  readonly columns: readonly ContractColumn[];
  /** The grain; empty for a table of one row, which gets no key. */
  readonly primaryKey: readonly string[];
  /** Index name → columns. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

/**
 * Number of rows and a content checksum that do not depend on row order or engine.
 *
 * Formula: each row becomes the texts of its values in contract order, joined by commas; before the text of each varchar and json stands
 * its number of characters (code points), as an item of its own. A null is an empty item, and so is its number. `checksum` is the sum over
 * all rows of the first 60 bits of the MD5 of that text (UTF-8), in decimal; 0 for no rows. Texts: booleans `true`/`false`; integers in
 * decimal; decimals with exactly their scale and at least one digit before the point; doubles as the 16 hex digits of their IEEE 754 bits,
 * `nan` for every NaN; dates `YYYY-MM-DD`; times `HH:MM:SS` and timestamps `YYYY-MM-DD HH:MM:SS`, with `.` and the microseconds less
 * trailing zeros where there are any; years before our era as `0044-03-15 BC`, ` BC` at the end; `infinity` and `-infinity`; json as it was
 * written.
 */
export interface Fingerprint {
  readonly rows: number;
  readonly checksum: string;
}

/** The published rows on the engine's side. */
export interface SinkRows {
  /** Writes all rows as CSV files without header (null = empty, empty text = `""`) into an existing folder: about `parts`, fewer when small. */
  exportCsv(folder: string, parts: number): Promise<readonly string[]>;
  fingerprint(): Promise<Fingerprint>;
}

export interface SinkLoad {
  readonly fingerprint: Fingerprint;
  /** What was changed in the target's shape, e.g. `added column x`. */
  readonly migrations: readonly string[];
}

/** A place outside that receives published tables. */
export interface Sink {
  /**
   * Replaces the target table by the rows, all at once. Throws SINK_UNREACHABLE, SINK_DENIED, SINK_DESTRUCTIVE_CHANGE, SINK_MISMATCH,
   * SINK_FAILED; whatever it throws, the old table stands and nothing else is left behind. `signal`: cancels what the server is doing for it.
   */
  load(table: SinkTable, rows: SinkRows, scratch: string, signal?: AbortSignal): Promise<SinkLoad>;
  close(): Promise<void>;
}
