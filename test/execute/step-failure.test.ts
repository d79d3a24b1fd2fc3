import { expect, test } from "vitest";
import { AssayError } from "../../src/errors.ts";
import { throwOnFailure } from "../../src/execute/step-failure.ts";
import { noFacts, type StepFacts, StepFailure } from "../../src/execute/step-result.ts";
import type { CheckResult } from "../../src/terms.ts";

const table = { name: "silver.orders", location: { file: "orders.sql", line: 1 } };

function failureOf(facts: Partial<StepFacts>): AssayError | null {
  try {
    throwOnFailure(table, { ...noFacts, ...facts });
    return null;
  } catch (error) {
    if (error instanceof StepFailure) return error.error;
    throw error;
  }
}

test("rows that came in and are nowhere, or are there too often, fail the step", () => {
  const removed_by = [{ rule: "where x", rows: 2 }];
  expect(failureOf({ rows_in: 10, rows_out: 7, quarantined: 1, removed_by })).toBeNull();
  expect(failureOf({ rows_in: null, rows_out: 7 })).toBeNull();
  const lost = failureOf({ rows_in: 10, rows_out: 6, quarantined: 1, removed_by });
  expect(lost).toMatchObject({ code: "LEDGER_UNBALANCED" });
  expect(lost?.message).toContain("10 rows came in, 6 were published, 1 quarantined, 2 removed");
  expect(failureOf({ rows_in: 10, rows_out: 11 })).toMatchObject({ code: "LEDGER_UNBALANCED" });
});

test("a failed check fails the step, a warning does not", () => {
  const result = (status: CheckResult["status"]): CheckResult => ({
    check: "between",
    column: "price",
    severity: status === "warned" ? "warn" : "error",
    status,
    failures: status === "passed" ? 0 : 3,
    message: status === "passed" ? null : "price is outside 0 to 1",
  });
  expect(failureOf({ checks: [result("passed"), result("warned")] })).toBeNull();
  const failed = failureOf({ checks: [result("passed"), result("failed"), result("failed")] });
  expect(failed).toBeInstanceOf(AssayError);
  expect(failed?.message).toBe("silver.orders: check between (price) failed: price is outside 0 to 1 (and 1 more)");
});
