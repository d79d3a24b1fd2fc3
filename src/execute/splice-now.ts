import type { Splice } from "../compile/incremental/upstream-link.ts";
import type { ModelTable } from "../compile/manifest.ts";
import { viewBehind } from "../plan/build-mode.ts";
import type { Run } from "./context.ts";

/** A model's SQL with what it reads restricted to the touched values, or why there is none that reads what the model itself reads now. */
export function spliceNow(run: Pick<Run, "publications">, { incremental }: ModelTable): Splice {
  if (incremental === null) return { why: "its changes are not followed" };
  const { splice, views } = incremental;
  if ("why" in splice) return { why: `what it reads cannot be restricted: ${splice.why}` };
  // It has the views' own SQL in it, as the project has it, and reads the tables below them.
  const other = views.find(({ table, fingerprint }) => run.publications.get(table)?.fingerprint !== fingerprint);
  if (other !== undefined) return { why: `the view ${other.table} shows what it was defined to show before` };
  const behind = viewBehind(run.publications, views);
  return behind === null ? splice : { why: `the view ${behind} shows older rows until its own step has run` };
}
