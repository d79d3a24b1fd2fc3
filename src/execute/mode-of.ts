import type { ModelTable } from "../compile/manifest.ts";
import { type BuildMode, buildModeOf } from "../plan/build-mode.ts";
import type { Step } from "../plan/plan.ts";
import type { Run } from "./context.ts";

/** New input alone can be followed change by change; a new definition, other parameters and force mean all of it. */
export function modeOf(run: Run, step: Step, table: ModelTable): BuildMode {
  if (step.action !== "run" || step.reason !== "new_input" || run.fullRefresh) return { mode: "full", why: "" };
  return buildModeOf(table, run);
}
