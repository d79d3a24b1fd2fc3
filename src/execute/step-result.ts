import type { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type {
  CheckResult,
  ConservedMeasure,
  RemovedRows,
  RowChanges,
  StepResult,
  StepStatus,
  TouchedValues,
  UpstreamLedger,
} from "../terms.ts";

/** What a step found out about its rows. */
export interface StepFacts {
  readonly rows_in: number | null;
  readonly rows_out: number | null;
  readonly quarantined: number;
  readonly removed_by: readonly RemovedRows[];
  readonly upstreams: readonly UpstreamLedger[];
  readonly conserved: readonly ConservedMeasure[];
  readonly changes: RowChanges | null;
  readonly touched: TouchedValues | null;
  readonly checks: readonly CheckResult[];
  readonly notes: readonly string[];
}

export const noFacts: StepFacts = {
  rows_in: null,
  rows_out: null,
  quarantined: 0,
  removed_by: [],
  upstreams: [],
  conserved: [],
  changes: null,
  touched: null,
  checks: [],
  notes: [],
};

export function stepResult(
  step: Step,
  status: StepStatus,
  facts: StepFacts,
  durationMs: number,
  error: AssayError | null,
  reason = step.because,
): StepResult {
  return {
    step: step.step,
    kind: step.kind,
    table: step.table,
    status,
    reason,
    rows_in: facts.rows_in,
    rows_out: facts.rows_out,
    quarantined: facts.quarantined,
    removed: facts.removed_by.reduce((sum, item) => sum + item.rows, 0),
    removed_by: facts.removed_by,
    upstreams: facts.upstreams,
    conserved: facts.conserved,
    changes: facts.changes,
    touched: facts.touched,
    duration_ms: Math.round(durationMs),
    checks: facts.checks,
    notes: facts.notes,
    error: error?.report() ?? null,
  };
}

/** A step that cannot be finished, with what is known of its rows so far. */
export class StepFailure extends Error {
  readonly error: AssayError;
  readonly facts: StepFacts;
  /** Rows it refused. */
  readonly refused: readonly QuarantinedRow[];
  constructor(error: AssayError, facts: StepFacts, refused: readonly QuarantinedRow[] = []) {
    super(error.message, { cause: error });
    this.error = error;
    this.facts = facts;
    this.refused = refused;
  }
}
