import { physicalNames } from "../compile/dialect/physical-names.ts";
import { withTouchedValues } from "../execute/plan-touched.ts";
import { print, renderOptions } from "./output.ts";
import { type PlanOptions, preparePlan } from "./prepare-plan.ts";
import { renderNames } from "./render/render-names.ts";
import { renderPlan } from "./render/render-plan.ts";
import { openWorkspace, readDatabase } from "./workspace.ts";

/** `assay plan`: what a run would do, and why. */
export async function planCommand(pipeline: string | null, options: PlanOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const { manifest, plan, state } = await preparePlan(workspace, pipeline, options, async () => {
    const state = await readDatabase(workspace, (session) => workspace.warehouse.store.read(session));
    return state ?? { publications: new Map(), files: [], commits: new Map() };
  });
  const refreshes = plan.steps.some((step) => step.build?.mode === "refresh");
  const counted = refreshes
    ? await readDatabase(workspace, (session) => withTouchedValues(plan, { manifest, alwaysRefresh: false }, state, session))
    : null;
  const shown = counted ?? plan;
  const { place, sql } = workspace.warehouse;
  const names = physicalNames(sql, [...new Set(shown.steps.map((step) => step.table))]);
  const tables = [...names].map(([table, { schema, name }]) => ({ table, relation: `${schema}.${name}` }));
  print(options.json, { ...shown, place, tables }, () => `${renderPlan(shown, renderOptions())}\n\n${renderNames(place, tables)}`);
  return 0;
}
