import type { TableName } from "../terms.ts";
import type { Session } from "./engine.ts";

/** What `assay verify` found of one version of a table. */
export interface RecordedVerification {
  readonly table: TableName;
  readonly version: string;
  /** The run that published the version. */
  readonly run_id: string;
  /** When it was compared: ISO 8601 in UTC. */
  readonly verified_at: string;
  readonly status: "verified" | "differs" | "may_differ";
}

/** Verifications, kept apart from run records: they say what was found, not what was done. */
export interface VerificationStore {
  record(session: Session, verification: RecordedVerification): Promise<void>;
  /** The last one of every table. */
  latest(session: Session): Promise<ReadonlyMap<TableName, RecordedVerification>>;
}
