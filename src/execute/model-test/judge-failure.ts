import type { ExpectedFailure } from "../../compile/model-test/expected-failure.ts";
import type { ErrorReport, RunResult, StepResult } from "../../terms.ts";
import type { TestFailure } from "./test-result.ts";

/** Did exactly what a test expects to fail fail? What is wrong, or null. */
export function judgeFailure(result: RunResult, expected: ExpectedFailure | null): Pick<TestFailure, "message" | "errors"> | null {
  const failed = result.steps.filter((step) => step.status === "failed");
  const asExpected = expected === null ? [] : failed.filter((step) => isExpected(step, expected));
  const others = failed.filter((step) => !asExpected.includes(step));
  const errors = others.flatMap((step) => step.error ?? []);
  if (expected !== null && asExpected.length === 0) {
    const instead = errors.length > 0 ? ", but something else did" : passedInstead(result, expected);
    return {
      message: `${expected.text} did not fail${expected.text.startsWith(expected.table) ? "" : ` for ${expected.table}`}${instead}`,
      errors,
    };
  }
  const [first] = others;
  return first === undefined ? null : { message: failureText(first, errors), errors };
}

const failureText = (step: StepResult, errors: readonly ErrorReport[]): string =>
  `${step.step} failed${errors.length > 1 ? ` (and ${errors.length - 1} more)` : ""}`;

function isExpected(step: StepResult, expected: ExpectedFailure): boolean {
  if (step.table !== expected.table) return false;
  if (expected.kind === "error") return step.error?.code === expected.code;
  const { check, column } = expected;
  return step.checks.some(
    (item) =>
      item.status === "failed" &&
      // A check with a name of its own tells it in its message.
      (item.check === check || item.message?.startsWith(`${check}: `) === true) &&
      (column === null || columnsOf(item.column).includes(column.toLowerCase())),
  );
}

const columnsOf = (column: string | null): readonly string[] => (column ?? "").split(", ").map((name) => name.toLowerCase());

function passedInstead(result: RunResult, expected: ExpectedFailure): string {
  const step = result.steps.find((item) => item.table === expected.table);
  if (step?.status === "skipped") return `: its step was skipped, ${step.reason}`;
  return expected.kind === "check" ? `: ${expected.table} passed` : "";
}
