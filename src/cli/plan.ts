import { duckdbStateStore } from "../adapters/duckdb/state-store.ts";
import { print, renderOptions } from "./output.ts";
import { type PlanOptions, preparePlan } from "./prepare-plan.ts";
import { renderPlan } from "./render/render-plan.ts";
import { openWorkspace, readDatabase } from "./workspace.ts";

/** `assay plan`: what a run would do, and why. */
export async function planCommand(pipeline: string | null, options: PlanOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const { plan } = await preparePlan(workspace, pipeline, options, async () => {
    const state = await readDatabase(workspace, (session) => duckdbStateStore().read(session));
    return state ?? { publications: new Map(), files: [], commits: new Map() };
  });
  print(options.json, plan, () => renderPlan(plan, renderOptions()));
  return 0;
}
