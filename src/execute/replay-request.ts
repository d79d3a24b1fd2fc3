import type { QuarantinedRow, RecordValues } from "../ports/quarantine.ts";

/** A row in quarantine that is to enter its bronze table. */
export interface ReplayRequest {
  readonly row: QuarantinedRow;
  /** Null: as it came. */
  readonly edited: RecordValues | null;
}
