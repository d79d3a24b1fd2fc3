import { physicalNames } from "../compile/dialect/physical-names.ts";
import { withTouchedValues } from "../execute/plan-touched.ts";
import type { State } from "../ports/state-store.ts";
import { plannedReport, writeSummary } from "./against.ts";
import { requireAgainst } from "./against-options.ts";
import { withOwnLake } from "./held.ts";
import { print, renderOptions } from "./output.ts";
import { type PlanOptions, preparePlan } from "./prepare-plan.ts";
import { renderNames } from "./render/render-names.ts";
import { renderPlan } from "./render/render-plan.ts";
import { openAndCompile, readDatabase } from "./workspace.ts";

/** `assay plan`: what a run would do, and why. */
export async function planCommand(pipeline: string | null, options: PlanOptions): Promise<number> {
  requireAgainst(options);
  const { workspace: opened, compiled } = await openAndCompile(options);
  const workspace = options.against === undefined ? opened : withOwnLake(opened);
  const readState = async (): Promise<State> => {
    const state = await readDatabase(workspace, (session) => workspace.warehouse.store.read(session));
    return state ?? { publications: new Map(), files: [], commits: new Map() };
  };
  const prepared = await preparePlan(workspace, pipeline, options, readState, compiled);
  const { manifest, plan, state, held } = prepared;
  const refreshes = plan.steps.some((step) => step.build?.mode === "refresh");
  const counted = refreshes
    ? await readDatabase(workspace, (session) => withTouchedValues(plan, { manifest, alwaysRefresh: false }, state, session))
    : null;
  const shown = counted ?? plan;
  const report = held === undefined ? null : plannedReport({ ...prepared, plan: shown }, held);
  if (report !== null && options.summary !== undefined) await writeSummary(workspace, report, options.summary);
  const { place, sql } = workspace.warehouse;
  const names = physicalNames(sql, [...new Set(shown.steps.map((step) => step.table))]);
  const tables = [...names].map(([table, { schema, name }]) => ({ table, relation: `${schema}.${name}` }));
  const document = { ...shown, place, tables };
  print(
    options.json,
    report === null ? document : { ...document, against: report },
    () => `${renderPlan(shown, renderOptions())}\n\n${renderNames(place, tables)}`,
  );
  return 0;
}
