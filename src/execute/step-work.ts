import { fingerprintOf } from "../compile/fingerprint.ts";
import type { Manifest } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Commit, Publication } from "../ports/state-store.ts";
import type { ErrorReport, Params, StepResult } from "../terms.ts";

/** What a worker has to be told of an attempt at a step: plain data. The project it loads itself. */
export interface StepWork {
  /** Fingerprint of the manifest that the run was planned with. */
  readonly manifest: string;
  readonly step: Step;
  /** Place in the plan, from 0. */
  readonly position: number;
  readonly params: Params;
  readonly full_refresh: boolean;
  readonly always_refresh: boolean;
}

/** `finished`: the step is through, and on record · `retry`: it failed, left no trace, and may be tried again after so many milliseconds. */
export type AttemptOutcome =
  | { readonly kind: "finished"; readonly result: StepResult }
  | { readonly kind: "retry"; readonly error: ErrorReport; readonly retry_in_ms: number };

/** What became visible by a step; a run has to know of it for its later steps. */
export interface Published {
  readonly publication: Publication | null;
  readonly commits: readonly Commit[];
}

export const nothingPublished: Published = { publication: null, commits: [] };

export type StepReport = AttemptOutcome & Published;

/** What a step may ask for. Another number where a worker of an older program would do something else than it is asked. */
const stepVersion = 2;

/** Equal for manifests that make the same tables in the same way, wherever the project lies. */
export function manifestFingerprint({ project, tables, functions, sinks }: Manifest): string {
  return fingerprintOf({
    stepVersion,
    project,
    tables: tables.map((table) => [table.name, table.fingerprint, table.kind === "model" ? table.select : table.contractFingerprint]),
    functions,
    sinks: sinks.map(({ name, tables: sent, fingerprint }) => [name, sent, fingerprint]),
  });
}
