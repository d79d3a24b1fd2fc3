import { checkProblems, checkText } from "../../observe/check-text.ts";
import { marks } from "../../observe/outcome.ts";
import { printableLines } from "../../observe/printable.ts";
import type { CheckResult, StepResult } from "../../terms.ts";
import { errorLines } from "./error-lines.ts";
import { outcomeFormats, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

/** The step's error with place and hint, and its checks that did not pass, indented by four. */
export function stepProblemLines(step: StepResult, options: RenderOptions): readonly string[] {
  return [
    ...(step.error === null ? [] : errorLines(step.error, { ...options, indent: 4, label: "" })),
    ...checkProblems(step).flatMap((check) => checkLines(check, options)),
  ];
}

function checkLines(check: CheckResult, { color, width }: RenderOptions): readonly string[] {
  const outcome = check.status === "failed" ? "failed" : "warned";
  const indent = " ".repeat(4);
  return printableLines(checkText(check))
    .flatMap((line) => wrapText(line, Math.max(20, width - 6)))
    .map((line, index) => `${indent}${index === 0 ? `${paint(color, outcomeFormats[outcome], marks[outcome])} ` : "  "}${line}`);
}
