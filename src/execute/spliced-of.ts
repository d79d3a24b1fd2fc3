import type { ModelTable } from "../compile/manifest.ts";
import { viewBehind } from "../plan/build-mode.ts";
import type { Run } from "./context.ts";

/** A model's SQL with what it reads restricted to the touched values, or why there is none that reads what the model itself reads now. */
export function splicedOf(
  run: Pick<Run, "publications">,
  { incremental }: ModelTable,
): { readonly text: string } | { readonly why: string } {
  const { spliced = null, unspliced = null, views = [] } = incremental ?? {};
  if (spliced === null) return { why: `what it reads cannot be restricted: ${unspliced}` };
  // It has the views' own SQL in it, as the project has it, and reads the tables below them.
  const other = views.find(({ table, fingerprint }) => run.publications.get(table)?.fingerprint !== fingerprint);
  if (other !== undefined) return { why: `the view ${other.table} shows what it was defined to show before` };
  const behind = viewBehind(run.publications, views);
  return behind === null ? { text: spliced } : { why: `the view ${behind} shows older rows until its own step has run` };
}
