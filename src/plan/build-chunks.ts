import type { ModelTable } from "../compile/manifest.ts";
import type { TableName } from "../terms.ts";
import type { Step } from "./plan.ts";

const splitStep = (table: TableName): string => `split ${table}`;

/** A full build of a model with chunks is made in them; the step before finds out whether it is one. The one that has the table's name publishes. */
export function inValueChunks(step: Step, { materialize, incremental }: ModelTable): readonly Step[] {
  const chunks = materialize.kind === "incremental" ? materialize.chunks : undefined;
  if (chunks === undefined || incremental === null || step.action === "skip" || step.kind !== "build") return [step];
  const by = incremental.by.join(", ");
  const told = (text: string): Step => (step.build === null ? step : { ...step, build: { ...step.build, chunks: text } });
  // Every chunk would read all of what the model reads.
  if ("why" in incremental.splice)
    return [told(`in one piece, as what it reads cannot be restricted to values of ${by}: ${incremental.splice.why}`)];
  const build = told(`in chunks of ${chunks.values} values of ${by}`);
  const split: Step = { ...step, step: splitStep(step.table), kind: "split", build: null, chunks };
  return [split, { ...build, after: [...step.after, split.step], chunks }];
}
