import type { CheckResult, StepResult } from "../terms.ts";
import { counted } from "./group-digits.ts";

export interface CheckCounts {
  readonly passed: number;
  readonly warned: number;
  readonly failed: number;
  /** Left rows out. */
  readonly quarantined: number;
}

export function countChecks(checks: readonly CheckResult[]): CheckCounts {
  const count = (status: CheckResult["status"]): number => checks.filter((check) => check.status === status).length;
  return { passed: count("passed"), warned: count("warned"), failed: count("failed"), quarantined: count("quarantined") };
}

/** `7 checks`, `7 checks: 1 failed, 2 warned`; empty where there are none. */
export function checksText(checks: readonly CheckResult[]): string {
  if (checks.length === 0) return "";
  const { warned, failed, quarantined } = countChecks(checks);
  const problems = [
    failed > 0 ? `${failed} failed` : "",
    warned > 0 ? `${warned} warned` : "",
    quarantined > 0 ? `${quarantined} left rows out` : "",
  ].filter((part) => part !== "");
  return `${counted(checks.length, "check")}${problems.length === 0 ? "" : `: ${problems.join(", ")}`}`;
}

/** The rule and its column: `not_null order_id`. */
export function checkName(check: CheckResult): string {
  return check.column === null ? check.check : `${check.check} ${check.column}`;
}

/** The rule, its column and what was found: `between price: 3 failures: -1.00 is below 0`. */
export function checkText(check: CheckResult): string {
  if (check.status === "passed") return `${checkName(check)}: passed${check.message === null ? "" : `: ${check.message}`}`;
  const failures = counted(check.failures, check.status === "quarantined" ? "row" : "failure");
  return `${checkName(check)}: ${failures}${check.message === null ? "" : `: ${check.message}`}`;
}

/** Checks that did not pass; those whose message the step's error already gives are left out. */
export function checkProblems(step: StepResult): readonly CheckResult[] {
  const told = step.error?.message ?? "";
  return step.checks.filter(
    (check) => check.status !== "passed" && check.status !== "quarantined" && !(check.message !== null && told.includes(check.message)),
  );
}
