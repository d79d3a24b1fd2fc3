import { splitTable } from "../define/split-table.ts";
import type { Layer, TableName } from "../terms.ts";

/** Part of a run, in the order the data flows. */
export type Stage = Layer | "sink";

export const stages = ["bronze", "silver", "gold", "sink"] as const satisfies readonly Stage[];

/** The stage of a step: `sink warehouse gold.x` belongs to the sink, everything else to its table's layer. */
export function stageOf(step: { readonly step: string; readonly table: TableName }): Stage {
  if (step.step.startsWith("sink ")) return "sink";
  return splitTable(step.table).schema as Layer;
}

/** What a person calls the step: the table; for an ingest or a build in chunks also its part: `bronze.orders [3/10]`, of a backfill `gold.daily (1 of 3)`; for a sink also where it goes: `gold.fact_sales → warehouse`; and whether it is only read from elsewhere. */
export function stepLabel(step: { readonly step: string; readonly table: TableName }): string {
  if (step.step === `defer ${step.table}`) return `${step.table} (deferred)`;
  if (step.step === `extract ${step.table}`) return `${step.table} (extract)`;
  if (step.step === `split ${step.table}`) return `${step.table} (split)`;
  for (const part of [`load ${step.table} [`, `build ${step.table} [`, `build ${step.table} (`])
    if (step.step.startsWith(part)) return step.step.slice(step.step.indexOf(" ") + 1);
  if (stageOf(step) !== "sink" || !step.step.endsWith(` ${step.table}`)) return step.table;
  return `${step.table} → ${step.step.slice("sink ".length, -step.table.length - 1)}`;
}
