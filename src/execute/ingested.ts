import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { EvolvedColumn, IngestedFile } from "../ports/state-store.ts";
import type { StepFacts } from "./step-result.ts";

/** What an ingest has landed. */
export interface Ingested {
  readonly started: number;
  /** Files that counted so far. */
  readonly before: readonly IngestedFile[];
  /** Files that count from now on. */
  readonly current: readonly IngestedFile[];
  /** Refused and replayed rows, as they are kept. */
  readonly rows: readonly QuarantinedRow[];
  readonly replicas: number;
  readonly facts: StepFacts;
  /** Columns that came from the source besides the contract's: all of them, and those that are new or have another type than before. */
  readonly evolved: { readonly columns: readonly EvolvedColumn[]; readonly changed: readonly EvolvedColumn[] };
}
