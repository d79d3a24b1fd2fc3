import type { StepResult } from "../../terms.ts";

/** Steps as a person wants to see them: the chunks of a table that were loaded, of which there may be thousands, as one, with their sums. */
export function foldChunks(steps: readonly StepResult[]): readonly StepResult[] {
  const isLoaded = (step: StepResult): boolean => step.kind === "load" && step.status === "succeeded";
  const byTable = Map.groupBy(steps.filter(isLoaded), (step) => step.table);
  return steps.flatMap((step) => {
    const chunks = byTable.get(step.table) ?? [];
    if (!isLoaded(step) || chunks.length === 1) return [step];
    if (chunks[0] !== step) return [];
    const sum = (value: (chunk: StepResult) => number): number => chunks.reduce((total, chunk) => total + value(chunk), 0);
    return [
      {
        ...step,
        step: `load ${step.table} [${chunks.length} chunks]`,
        rows_in: sum((chunk) => chunk.rows_in ?? 0),
        rows_out: sum((chunk) => chunk.rows_out ?? 0),
        duration_ms: sum((chunk) => chunk.duration_ms),
      },
    ];
  });
}
