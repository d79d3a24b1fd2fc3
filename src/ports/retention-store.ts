import type { TableName } from "../terms.ts";
import type { Session } from "./engine.ts";
import type { Commit, IngestedFile, Publication } from "./state-store.ts";

/** Row changes on record for one version of a table. */
export interface RecordedChanges {
  readonly table: TableName;
  readonly version: number;
  readonly rows: number;
}

export interface RecordedRun {
  readonly run_id: string;
  /** ISO 8601 in UTC. */
  readonly started_at: string;
  readonly status: string;
}

/** What an environment's database holds that may be removed one day, and what holds on to it. */
export interface Retained {
  readonly publications: readonly Publication[];
  readonly files: readonly IngestedFile[];
  readonly commits: readonly Commit[];
  readonly changes: readonly RecordedChanges[];
  readonly runs: readonly RecordedRun[];
  /** Models of which some chunks are made and none is published, and the runs that split them. */
  readonly splits: readonly { readonly table: TableName; readonly run_id: string }[];
}

export interface Removal {
  /** Row changes up to a version; whoever asks for them later is told to read the whole table. */
  readonly changes: readonly { readonly table: TableName; readonly upTo: number }[];
  /** Run ids whose run, step and check records go. */
  readonly runs: readonly string[];
  /** Publications that go, with all that is on record of their tables; the tables themselves are the engine's. */
  readonly subjects: readonly string[];
  /** Models whose chunks go. */
  readonly splits: readonly TableName[];
}

/** The part of the state that grows without end unless something is taken away. */
export interface RetentionStore {
  read(session: Session): Promise<Retained>;
  /** Inside the caller's transaction. */
  remove(session: Session, removal: Removal): Promise<void>;
}
