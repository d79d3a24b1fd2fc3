import type { ModelTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Run } from "./context.ts";
import { engineMessage } from "./engine-message.ts";
import { type StepFacts, StepFailure } from "./step-result.ts";

/** Raises a failed check, or rows that do not add up. */
export function throwOnFailure(table: { readonly name: string; readonly location: ModelTable["location"] }, facts: StepFacts): void {
  const failed = facts.checks.filter((check) => check.status === "failed");
  const [first] = failed;
  if (first !== undefined) {
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    const what = `${table.name}: check ${first.check}${first.column === null ? "" : ` (${first.column})`} failed: ${first.message}${more}`;
    throw new StepFailure(
      new AssayError("CHECK_FAILED", what, { hint: hintFor(first.check, table.name), location: table.location }),
      facts,
    );
  }
  if (facts.rows_in === null) return;
  const removed = facts.removed_by.reduce((sum, item) => sum + item.rows, 0);
  if (facts.rows_in === (facts.rows_out ?? 0) + facts.quarantined + removed) return;
  const sum = `${facts.rows_in} rows came in, ${facts.rows_out} were published, ${facts.quarantined} quarantined, ${removed} removed`;
  throw new StepFailure(
    new AssayError("LEDGER_UNBALANCED", `${table.name}: the ledger does not balance: ${sum}`, {
      hint: "rows were lost or multiplied; what was published before stands",
      location: table.location,
    }),
    facts,
  );
}

function hintFor(check: string, table: string): string {
  if (check === "grain" && table.startsWith("bronze."))
    return "the source holds rows with the same key: correct the files, or declare the key the rows really have; what was published before stands";
  if (check === "grain")
    return "aggregate or pick one row of the multiplying table before joining it, or declare the grain the rows really have";
  if (check === "conserves") return "a join multiplies or loses rows of the measure: build it at the measure's own grain";
  return "correct the data or the rule; what was published before stands";
}

export function buildError(run: Run, table: ModelTable, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  return new AssayError("BUILD_FAILED", `${table.name}: ${engineMessage(error, table, run.manifest)}`, {
    hint: "the SQL is valid but failed on these rows; what was published before stands",
    location: table.location,
    cause: error,
  });
}
