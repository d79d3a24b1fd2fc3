import { expect } from "vitest";
import type { RunResult, StepResult } from "../../src/terms.ts";

/** The step of that name. Throws when the run has none. */
export function stepOf(run: RunResult, name: string): StepResult {
  const found = run.steps.find((step) => step.step === name);
  if (found === undefined) throw new Error(`the run has no step ${name}, only ${run.steps.map((step) => step.step).join(", ")}`);
  return found;
}

/** Names of the steps that ran, in name order. */
export const stepsRun = (run: RunResult): readonly string[] =>
  run.steps
    .filter((step) => step.status !== "skipped")
    .map((step) => step.step)
    .sort();

/** What every step's row ledger has to say: rows that are kept add up, rows that are not are traced to each upstream. */
export function expectBalanced(run: RunResult): void {
  for (const step of run.steps.filter((item) => item.status === "succeeded")) {
    const removed = step.removed_by.reduce((sum, item) => sum + item.rows, 0);
    expect(step.removed, step.step).toBe(removed);
    if (step.rows_in !== null) expect(step.rows_in, step.step).toBe((step.rows_out ?? Number.NaN) + step.quarantined + step.removed);
    if (step.kind === "build" && step.rows_in === null) expect(step.upstreams, step.step).not.toHaveLength(0);
    for (const { table, read, used } of step.upstreams) {
      if (used !== null) expect(used, `${step.step} ${table}`).toBeLessThanOrEqual(read);
      // A refresh reads the changed rows of its upstreams.
      if (step.touched === null) expect(read, `${step.step} ${table}`).toBe(rowsOf(run, table) ?? read);
    }
    for (const measure of step.conserved) expect(measure.agrees, `${step.step} ${measure.column}`).toBe(true);
  }
}

/** Rows a table has after the run, when the run built it. */
function rowsOf(run: RunResult, table: string): number | null {
  const step = run.steps.find((item) => item.table === table && item.kind !== "sink" && item.status === "succeeded");
  return step?.rows_out ?? null;
}
