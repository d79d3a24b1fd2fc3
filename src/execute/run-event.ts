import type { ErrorReport, Params, RunResult, StepKind, StepResult, TableName } from "../terms.ts";

/** What happens in a run, in the past tense. `at` is ISO 8601 in UTC. */
export type RunEvent =
  | {
      readonly kind: "RunStarted";
      readonly at: string;
      readonly run_id: string;
      readonly project: string;
      readonly pipeline: string;
      readonly env: string;
      readonly params: Params;
      /** Steps that will run, in plan order. */
      readonly steps: readonly { readonly step: string; readonly kind: StepKind; readonly table: TableName; readonly because: string }[];
      /** Steps that will not. */
      readonly skipped: number;
    }
  | { readonly kind: "RunInterruptedFound"; readonly at: string; readonly run_id: string; readonly started_at: string }
  | { readonly kind: "StepStarted"; readonly at: string; readonly step: string; readonly table: TableName }
  | {
      readonly kind: "StepRetrying";
      readonly at: string;
      readonly step: string;
      readonly table: TableName;
      /** The attempt that failed, from 1. */
      readonly attempt: number;
      readonly error: ErrorReport;
      readonly retry_in_ms: number;
    }
  | { readonly kind: "StepFinished"; readonly at: string; readonly result: StepResult }
  | { readonly kind: "RunFinished"; readonly at: string; readonly result: RunResult };

export type RunEventListener = (event: RunEvent) => void;
