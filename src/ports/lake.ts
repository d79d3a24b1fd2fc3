import type { TableName } from "../terms.ts";

/** The small file beside a batch: what was read, and what became of it. */
export interface BatchManifest {
  readonly table: TableName;
  readonly batch_id: string;
  readonly run_id: string;
  readonly loaded_at: string;
  readonly contract_fingerprint: string;
  readonly sources: readonly {
    readonly file: string;
    readonly bytes: number;
    readonly sha256: string;
    readonly records: number;
    readonly replicas: number;
    readonly rows: number;
    readonly quarantined: number;
    /** Parquet files made from it, relative to the batch folder. */
    readonly files: string;
    /** `replay`: rows of the file that were replayed, with their edits. */
    readonly origin: "file" | "replay";
  }[];
}

/** A batch's folder as it lies in the lake. */
export interface LakeBatch {
  readonly table: TableName;
  readonly run_id: string;
  /** Below the lake. */
  readonly folder: string;
  readonly bytes: number;
  /** ms since 1970; null where there is no batch manifest: it was never finished. */
  readonly loaded_at: number | null;
}

/** Where bronze batches lie. Paths given out are relative to the lake unless said otherwise. */
export interface Lake {
  /** `bronze/<table>/dt=<date>/run_id=<run>`, emptied and ready to be written; absolute. Throws STORAGE_UNWRITABLE. */
  openBatch(table: TableName, date: string, runId: string): Promise<string>;
  writeManifest(folder: string, manifest: BatchManifest): Promise<void>;
  absolute(path: string): string;
  relative(path: string): string;
  /** Are a file's Parquet files (path or glob, relative) still there? */
  holds(files: string): boolean;
  /** Every batch there is, whoever wrote it. */
  batches(): Promise<readonly LakeBatch[]>;
  /** Removes a batch, and the folders above it that it leaves empty. */
  removeBatch(folder: string): Promise<void>;
  /** Removes what a run left behind that is not among the folders to keep (absolute). */
  removeRun(runId: string, keep: ReadonlySet<string>): Promise<void>;
}
