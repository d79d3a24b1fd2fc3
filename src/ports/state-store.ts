import type { Params, RunResult, RunStatus, StepAttempt, StepResult, TableName } from "../terms.ts";
import type { Session } from "./engine.ts";
import type { DivertedRows, QuarantinedRow, QuarantineFilter, QuarantineGroup } from "./quarantine.ts";

/** The version of a table that readers see, or the last load of a sink. */
export interface Publication {
  /** Table name; for a sink `sink:<sink>:<table>`. */
  readonly subject: string;
  /** Counts the subject's contents from 1: a build that makes the same rows keeps it. */
  readonly version: string;
  readonly run_id: string;
  readonly fingerprint: string;
  /** Upstream → version it was made from. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly params: Params;
  readonly rows: number;
  /** Hash of the rows, whatever their order; null where it was not needed yet. */
  readonly content: string | null;
  /** What the last full build took; null where it does not matter. */
  readonly cost: BuildCost | null;
  readonly published_at: string;
}

/** The measures a choice between a full build and a refresh of touched values goes by. */
export interface BuildCost {
  readonly full_ms: number;
  /** Rows of all upstreams. */
  readonly rows_in: number;
  /** Distinct values of `by`, about. */
  readonly by_values: number;
}

/** What one publication really changed in a table's rows. */
export interface Commit {
  readonly subject: TableName;
  /** The table's version from then on; versions count from 1. */
  readonly version: string;
  readonly run_id: string;
  /** `changes`: the row changes are recorded · `reset`: they are not, consumers read the table as a whole. */
  readonly kind: "changes" | "reset";
  /** Null where the table's rows have no key, or were not compared. */
  readonly inserted: number | null;
  readonly updated: number | null;
  readonly deleted: number | null;
  readonly committed_at: string;
}

/** One source file as it was ingested. Files of a bronze table that are not `current` were replaced or went away. */
export interface IngestedFile {
  readonly table: TableName;
  readonly batch_id: string;
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly stamp: string;
  /** When the stamp was taken, ms since 1970. */
  readonly stamped_at: number;
  readonly rows: number;
  readonly quarantined: number;
  readonly replicas: number;
  readonly contract_fingerprint: string;
  /** Path or glob of its Parquet files, relative to the lake; empty when it had no rows. */
  readonly files: string;
  /** Place in the order in which the table's files were ingested, from 1. */
  readonly sequence: number;
  /** For rows that were replayed: the name of the file they belong to, whose path and content stand here too. Null for a file of the source. */
  readonly replay_of: string | null;
}

/** A measure of a published table, kept so that later ones can be compared with it. */
export interface Metric {
  readonly metric: "row_count" | "null_count";
  /** Null for a measure of the whole table. */
  readonly column: string | null;
  readonly value: number;
}

/** The metrics of one publication. */
export interface PastMetrics {
  readonly version: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly metrics: readonly Metric[];
}

/** A column that came into a bronze table from its source, without being declared. */
export interface EvolvedColumn {
  readonly name: string;
  /** As a contract writes it, e.g. `BIGINT`. */
  readonly type: string;
  readonly first_file: string;
}

/** What was read of a bronze table's source, to be loaded chunk by chunk and published when all of them are. */
export interface Extract {
  readonly table: TableName;
  readonly batch_id: string;
  /** The run that read it; later ones may go on with it. */
  readonly run_id: string;
  /** Equal where the same files would be read in the same way. */
  readonly input: string;
  /** The batch's, relative to the lake; null: there was nothing to read. */
  readonly folder: string | null;
  /** Rows of a chunk. */
  readonly chunk_rows: number;
  /** As in {@link IngestRecord}. */
  readonly current: readonly IngestedFile[];
  readonly quarantined: readonly QuarantinedRow[];
  readonly replicas: number;
  /** Columns beyond the contract's: all of them, and those that are new or have another type. */
  readonly evolved: { readonly columns: readonly EvolvedColumn[]; readonly changed: readonly EvolvedColumn[] };
}

/** The values of `by` that a model has, divided into chunks; the model is built chunk by chunk and published when all of them are. */
export interface Split {
  readonly table: TableName;
  readonly batch_id: string;
  /** The run that divided them; later ones may go on with it. */
  readonly run_id: string;
  /** Equal where the same rows would be made. */
  readonly input: string;
  /** How many. */
  readonly chunks: number;
  /** Of all chunks. */
  readonly values: number;
  /** Why the build is a full one; empty: there is no other. */
  readonly why: string;
}

/** A chunk whose rows are there, though nobody sees them yet. */
export interface LoadedChunk {
  readonly table: TableName;
  readonly batch_id: string;
  /** From 1. */
  readonly chunk: number;
  readonly rows: number;
}

export interface UnfinishedRun {
  readonly run_id: string;
  readonly started_at: string;
}

/** What planning needs to know. */
export interface State {
  readonly publications: ReadonlyMap<string, Publication>;
  /** Current files of every bronze table, in the order in which they were ingested. */
  readonly files: readonly IngestedFile[];
  /** By table, oldest first. */
  readonly commits: ReadonlyMap<TableName, readonly Commit[]>;
}

export interface RunStart {
  readonly run_id: string;
  readonly pipeline: string;
  readonly env: string;
  readonly params: Params;
  readonly started_at: string;
}

/** What a finished step leaves behind; written in the transaction that publishes its table. */
export interface StepRecord {
  readonly run_id: string;
  readonly position: number;
  readonly result: StepResult;
  readonly finished_at: string;
  readonly publication: Publication | null;
  /** False: the subject has never been published, so there is nothing to replace. */
  readonly replaces?: boolean;
  /** Null: the rows are those of the version before. */
  readonly commit: Commit | null;
  readonly ingest: IngestRecord | null;
  /** Takes the place of what was extracted for the table before. */
  readonly extract?: Extract;
  /** Takes the place of how the table was split before; null: that is done with, or given up. */
  readonly split?: Split | null;
  readonly chunk?: LoadedChunk;
  /** For a model with rules that divert rows. */
  readonly diverted?: DivertedRows;
  /** Rows that a failed step refused; they replace those of the table's last failure. */
  readonly refused?: readonly QuarantinedRow[];
  /** Of the publication; none where no check compares them. */
  readonly metrics?: readonly Metric[];
}

export interface IngestRecord {
  /** Files of the table that are current from now on. */
  readonly current: readonly IngestedFile[];
  /** Rows refused or replayed in this run; each takes the place of what was kept under its id. */
  readonly quarantined: readonly QuarantinedRow[];
  /** Columns of the source that are new, or have another type than before. */
  readonly evolved?: readonly EvolvedColumn[];
  /** Was it extracted by a step of its own? That record ends now. */
  readonly extracted?: boolean;
}

/** One line of the list of runs. */
export interface RunSummary {
  readonly run_id: string;
  readonly pipeline: string;
  readonly env: string;
  readonly status: RunStatus;
  /** ISO 8601 in UTC. */
  readonly started_at: string;
  /** Null while it runs, and when it was interrupted. */
  readonly duration_ms: number | null;
  /** Steps that did work, failed ones included. */
  readonly steps_run: number;
  readonly steps_failed: number;
  readonly steps_skipped: number;
  /** Checks of severity warn that did not pass: a run with any of them is not shown as a plain success. */
  readonly checks_warned: number;
}

/** Runs, publications, ingested files and quarantine, kept in the database they describe. */
export interface StateStore {
  /** Is there state to be read? None when the process that created the database failed before its first run. Throws PROJECT_INVALID for a newer one. */
  isPresent(session: Session): Promise<boolean>;
  /** Creates what is missing. */
  migrate(session: Session): Promise<void>;
  read(session: Session): Promise<State>;
  /** Runs that were started and never finished. */
  unfinishedRuns(session: Session): Promise<readonly UnfinishedRun[]>;
  startRun(session: Session, run: RunStart): Promise<void>;
  finishRun(session: Session, run: { run_id: string; status: RunStatus; finished_at: string; duration_ms: number }): Promise<void>;
  /** New stamps of ingested files whose content turned out to be what it was: they need not be read again for that. */
  restamp(session: Session, files: readonly Pick<IngestedFile, "table" | "name" | "sha256" | "stamp" | "stamped_at">[]): Promise<void>;
  recordStep(session: Session, record: StepRecord): Promise<void>;
  /** What is on record of a finished step of a run; null: nothing. */
  readStep(session: Session, run_id: string, step: string): Promise<StepResult | null>;
  /** One of several attempts at a step. */
  recordAttempt(session: Session, run_id: string, step: string, attempt: StepAttempt): Promise<void>;
  /** Steps that did nothing, all at once. */
  recordSkipped(
    session: Session,
    run_id: string,
    skipped: readonly { readonly position: number; readonly result: StepResult }[],
    finished_at: string,
  ): Promise<void>;
  /** The metrics of a table's versions, oldest first; a version published again counts once, as it was last. */
  readMetrics(session: Session, table: TableName): Promise<readonly PastMetrics[]>;
  /** The columns of every bronze table that are not declared, with the type they have by now, in the order in which they came. */
  readEvolvedColumns(session: Session): Promise<ReadonlyMap<TableName, readonly EvolvedColumn[]>>;
  /** What was extracted for a table, and is not published yet. */
  readExtract(session: Session, table: TableName): Promise<Extract | null>;
  /** How a model's values were divided whose chunks are not published yet. */
  readSplit(session: Session, table: TableName): Promise<Split | null>;
  /** Batch folders, relative to the lake, of everything that is extracted and not published. */
  extractFolders(session: Session): Promise<readonly string[]>;
  /** Rows of the loaded chunks of a batch, by chunk. */
  readChunks(session: Session, table: TableName, batch_id: string): Promise<ReadonlyMap<number, number>>;
  /** Milliseconds that the chunks of a split took together. */
  chunkTime(session: Session, table: TableName, batch_id: string): Promise<number>;
  isLoaded(session: Session, chunk: Omit<LoadedChunk, "rows">): Promise<boolean>;
  /** Newest first. */
  listRuns(session: Session, limit: number): Promise<readonly RunSummary[]>;
  /** Null when no run has the id. */
  readRun(session: Session, runId: string): Promise<RunResult | null>;
  /** Open rows, and those of failed steps, grouped. */
  listQuarantine(session: Session): Promise<readonly QuarantineGroup[]>;
  /** Rows in the order of their files; `total` counts those beyond the limit (null: none) too. */
  readQuarantine(
    session: Session,
    filter: QuarantineFilter,
    limit: number | null,
  ): Promise<{ readonly rows: readonly QuarantinedRow[]; readonly total: number }>;
}

/** The part of a state store that a run needs. */
export type RunStore = Pick<
  StateStore,
  | "read"
  | "unfinishedRuns"
  | "startRun"
  | "finishRun"
  | "restamp"
  | "recordStep"
  | "recordAttempt"
  | "readStep"
  | "recordSkipped"
  | "readQuarantine"
  | "readMetrics"
  | "readEvolvedColumns"
  | "readExtract"
  | "readSplit"
  | "extractFolders"
  | "readChunks"
  | "chunkTime"
  | "isLoaded"
>;
