import { counted, groupDigits } from "../../observe/group-digits.ts";
import { marks } from "../../observe/outcome.ts";
import { paramsText } from "../../observe/params-text.ts";
import { printable } from "../../observe/printable.ts";
import { type Stage, stageOf, stages, stepLabel } from "../../observe/stage.ts";
import type { Plan, RunReason, SkipReason, Step } from "../../plan/plan.ts";
import { columnLines, span, type TextCell } from "./columns.ts";
import { displayWidth } from "./display-width.ts";
import { paint, type RenderOptions } from "./paint.ts";

const reasonWords: Readonly<Record<RunReason | SkipReason, string>> = {
  new: "new",
  changed: "changed",
  new_input: "new input",
  forced: "forced",
  replay: "replay",
  deferred: "deferred",
  unchanged: "unchanged",
  not_configured: "not configured",
};

/** What a run would do and why, and what it would not, by layer. */
export function renderPlan(plan: Plan, options: RenderOptions): string {
  const params = paramsText(plan.params);
  const head = `plan  ${printable([plan.project, `pipeline ${plan.pipeline}`, `environment ${plan.environment}`].join(" · "))}`;
  const lines = stageLines(plan, options);
  return [[head, ...(params === "" ? [] : [`      ${printable(params)}`])].join("\n"), ...lines, verdict(plan, options)].join("\n\n");
}

/** A table that is read from elsewhere is no work. */
const isWork = (step: Step): boolean => step.action === "run" && step.kind !== "defer";

function stageLines(plan: Plan, options: RenderOptions): readonly string[] {
  return stages.flatMap((stage) => {
    const steps = plan.steps.filter((step) => stageOf(step) === stage);
    return steps.length === 0 ? [] : [[heading(stage, steps, options.color), ...table(steps, plan, options)].join("\n")];
  });
}

function heading(stage: Stage, steps: readonly Step[], color: boolean): string {
  const run = steps.filter(isWork).length;
  return `${paint(color, "bold", stage.toUpperCase())}  ${groupDigits(run)} to run, ${groupDigits(steps.length - run)} not`;
}

/** Columns are as wide as the whole plan needs, so that the layers line up. */
function table(steps: readonly Step[], plan: Plan, options: RenderOptions): readonly string[] {
  const minimum = Math.min(Math.max(...plan.steps.map((step) => displayWidth(stepLabel(step)))), Math.floor(options.width * 0.4));
  const columns = [
    { title: "", minimum: 6 },
    { title: "", overflow: "wrap", minimum },
    { title: "", overflow: "wrap" },
  ] as const;
  const rows = steps.map((step): readonly TextCell[] => {
    const run = isWork(step);
    const format = run ? null : "dim";
    return [
      [span(run ? "▶ run" : step.kind === "defer" ? "← read" : `${marks.skipped} skip`, run ? "blue" : "gray")],
      [span(stepLabel(step), format)],
      [span(`${reasonWords[step.reason]}: ${step.because}${buildWords(step)}`, format)],
    ];
  });
  return columnLines(columns, rows, { ...options, indent: 2 });
}

function buildWords({ build }: Step): string {
  if (build === null) return "";
  const chunks = build.chunks === undefined ? "" : `, ${build.chunks}`;
  if (build.mode === "full") return ` – in full${chunks}${build.why === "" ? "" : `: ${build.why}`}`;
  const of = build.touched?.of == null ? "" : ` of about ${groupDigits(build.touched.of)}`;
  return ` – refresh ${build.touched === null ? "" : `${groupDigits(build.touched.values)}${of} values `}${build.why}`;
}

function verdict(plan: Plan, { color }: RenderOptions): string {
  const run = plan.steps.filter(isWork).length;
  if (plan.steps.length === 0) return "The selection holds no step.";
  if (run === 0) return paint(color, "gray", `${marks.skipped} nothing to run: ${counted(plan.steps.length, "step")} skipped`);
  return `${counted(run, "step")} to run, ${groupDigits(plan.steps.length - run)} not`;
}
