import type { EvolvedColumn, IngestedFile } from "../ports/state-store.ts";
import type { LandedFile } from "./land-file.ts";
import type { StepFacts } from "./step-result.ts";

/** What an ingest has landed. */
export interface Ingested {
  readonly started: number;
  readonly batchId: string;
  /** Files that counted so far. */
  readonly before: readonly IngestedFile[];
  /** Files that count from now on. */
  readonly current: readonly IngestedFile[];
  readonly landed: readonly LandedFile[];
  readonly facts: StepFacts;
  /** Columns that came from the source besides the contract's: all of them, and those that are new or have another type than before. */
  readonly evolved: { readonly columns: readonly EvolvedColumn[]; readonly changed: readonly EvolvedColumn[] };
}
