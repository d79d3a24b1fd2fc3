import { mappedKinds, type StepResult } from "../../terms.ts";

/** Steps as a person wants to see them: the chunks of a table that were loaded or made, of which there may be thousands, as one, with their sums. */
export function foldChunks(steps: readonly StepResult[]): readonly StepResult[] {
  const isDone = ({ kind, status }: StepResult): boolean => mappedKinds.includes(kind) && status === "succeeded";
  const byTable = Map.groupBy(steps.filter(isDone), (step) => step.table);
  return steps.flatMap((step) => {
    const chunks = byTable.get(step.table) ?? [];
    if (!isDone(step) || chunks.length === 1) return [step];
    if (chunks[0] !== step) return [];
    const sum = (value: (chunk: StepResult) => number): number => chunks.reduce((total, chunk) => total + value(chunk), 0);
    return [
      {
        ...step,
        step: `${step.kind === "load" ? "load" : "build"} ${step.table} [${chunks.length} chunks]`,
        rows_in: step.rows_in === null ? null : sum((chunk) => chunk.rows_in ?? 0),
        rows_out: sum((chunk) => chunk.rows_out ?? 0),
        duration_ms: sum((chunk) => chunk.duration_ms),
      },
    ];
  });
}
