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
 * Formula: each row becomes the concatenation over its columns, in contract order, of `-` for null or `<characters>:<text>`; `checksum` is
 * the sum over all rows of the first 60 bits of the MD5 of that text (UTF-8), in decimal. Texts: booleans `true`/`false`; decimals with
 * exactly their scale; dates `YYYY-MM-DD`; timestamps `YYYY-MM-DD HH:MM:SS.ffffff`; times `HH:MM:SS.ffffff`.
 */
export interface Fingerprint {
  readonly rows: number;
  readonly checksum: string;
}

/** The published rows on the engine's side. */
export interface SinkRows {
  /** Writes all rows as CSV files without header (null = empty, empty text = `""`) into an existing folder, at most `parts` of them. */
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
   * SINK_FAILED; whatever it throws, the old table stands and nothing else is left behind.
   */
  load(table: SinkTable, rows: SinkRows, scratch: string): Promise<SinkLoad>;
  close(): Promise<void>;
}
