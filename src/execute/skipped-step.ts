import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { runChecks } from "./checks.ts";
import { type Run, tableOf } from "./context.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import { noFacts, stepResult } from "./step-result.ts";

/**
 * The result of a step that has nothing to do. A table whose freshness is checked is looked at all the same: that nothing new came is what the
 * check is there to find. A check that does not hold makes it a step that succeeded with a warning, or failed; its rows stay as they are.
 */
export async function skippedStep(run: Run, session: Session, step: Step, position: number): Promise<StepResult> {
  const started = run.clock();
  const table = tableOf(run, step.table);
  const checks = table.checks.filter((check) => check.kind === "freshness");
  if (step.kind === "sink" || step.kind === "defer" || checks.length === 0) return stepResult(step, "skipped", noFacts, 0, null);
  const { results } = await runChecks(run.engine, session, {
    table: table.name,
    relation: session.sql.table(table.name),
    // What was proved when the rows were published still holds.
    columns: table.columns.map((column) => ({ ...column, nullable: true })),
    grain: null,
    checks,
    present: new Set(),
    part: null,
    history: { now: run.clock(), past: [] },
  });
  const facts = { ...noFacts, checks: results };
  const failed = results.find((result) => result.status === "failed");
  if (results.every((result) => result.status === "passed")) return stepResult(step, "skipped", facts, run.clock() - started, null);
  const error =
    failed === undefined
      ? null
      : new AssayError("CHECK_FAILED", `${table.name}: check ${failed.check} (${failed.column}) failed: ${failed.message}`, {
          hint: "nothing new came: look at the source; what was published before stands",
          location: table.location,
        });
  const result = stepResult(step, error === null ? "succeeded" : "failed", facts, run.clock() - started, error);
  await session.transaction(() => recordUnpublished(run, session, position, result));
  return result;
}
