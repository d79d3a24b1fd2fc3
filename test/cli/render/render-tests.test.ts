import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { renderTests, type TestSummary } from "../../../src/cli/render/render-tests.ts";
import type { RowDiff } from "../../../src/execute/model-test/row-diff.ts";
import type { TestFailure, TestResult } from "../../../src/execute/model-test/test-result.ts";
import { expectGolden, plain } from "./golden.ts";

const result = (name: string, failure: TestFailure | null): TestResult => ({
  name,
  description: null,
  model: "gold.fact_payments",
  location: { file: "tests/payments.test.yaml", line: 12 },
  status: failure === null ? "passed" : "failed",
  duration_ms: 9,
  failure,
});

const failure = (more: Partial<TestFailure>): TestFailure => ({
  batch: null,
  message: "gold.fact_payments does not hold the expected rows",
  errors: [],
  diff: null,
  filled: [],
  unchecked: [],
  ...more,
});

const diff = (more: Partial<RowDiff>): RowDiff => ({
  columns: ["order_id", "payment", "payment_type", "value"],
  key: ["order_id", "payment"],
  expected_rows: 4,
  actual_rows: 4,
  equal_rows: 1,
  partial: false,
  missing: [],
  unexpected: [],
  changed: [],
  not_listed: 0,
  misplaced: null,
  ...more,
});

const row = (order_id: string, payment: number, payment_type: string | null, value: string) => ({ order_id, payment, payment_type, value });

const summary = (...tests: readonly TestResult[]): TestSummary => {
  const failed = tests.filter((item) => item.status === "failed").length;
  return { passed: tests.length - failed, failed, duration_ms: 123, tests };
};

const allKinds = summary(
  result("passes", null),
  result(
    "rows of every kind",
    failure({
      diff: diff({
        changed: [
          { expected: row("o1", 1, "voucher", "10.00"), actual: row("o1", 1, null, "12.50") },
          { expected: row("o1", 2, "card", "1.00"), actual: row("o1", 2, "", "1.00") },
        ],
        missing: [row("o2", 1, "card", "5.00")],
        unexpected: [row("o3", 1, "null", "7.00")],
      }),
      filled: [
        { table: "bronze.orders", column: "order_status", value: "" },
        { table: "bronze.orders", column: "customer_id", value: "" },
        { table: "bronze.orders", column: "approved_at", value: null },
      ],
      unchecked: ["gold.fact_payments: relationships (bronze.products)"],
    }),
  ),
  result(
    "only what changed",
    failure({ batch: 2, diff: diff({ changed: [{ expected: row("o1", 1, "card", "10.00"), actual: row("o1", 1, "card", "12.50") }] }) }),
  ),
  result("order", failure({ diff: diff({ misplaced: { row: 3, expected: row("a", 1, "x", "1"), actual: row("b", 1, "x", "1") } }) })),
  result(
    "a step that failed",
    failure({
      message: "build gold.fact_payments failed",
      errors: [
        {
          code: "CHECK_FAILED",
          message: "gold.fact_payments: check grain (order_id) failed: 1 key appears more than once",
          hint: "aggregate",
          location: { file: "models/gold/fact-payments.ts", line: 5 },
        },
      ],
    }),
  ),
);

test("every kind of failure", () => expectGolden(renderTests(allKinds, plain), "tests-failed"));

test("all passed", () => expectGolden(renderTests(summary(result("one", null), result("two", null)), plain), "tests-passed"));

test("colour adds nothing but colour", () => {
  const coloured = renderTests(allKinds, { ...plain, color: true });
  expect(stripVTControlCharacters(coloured)).toBe(renderTests(allKinds, plain));
  expect(coloured).toContain("\u001b[31m5.00");
  expect(coloured).toContain("\u001b[32m7.00");
  expect(coloured).toContain("\u001b[33m10.00 → 12.50");
});

test("many rows and columns, and long texts, are cut where it helps", async () => {
  const names = ["id", ...Array.from({ length: 12 }, (_, index) => `column_${index + 1}`)];
  const wide = (id: number) => Object.fromEntries(names.map((name, index) => [name, index === 0 ? id : `value ${index}`]));
  const long = `${"the same beginning, again and again, ".repeat(3)}then`;
  await expectGolden(
    renderTests(
      summary(
        result(
          "wide and long",
          failure({
            diff: diff({
              columns: names,
              key: ["id"],
              missing: Array.from({ length: 30 }, (_, index) => wide(index)),
              not_listed: 1000,
              changed: [{ expected: { ...wide(99), column_12: `${long} this` }, actual: { ...wide(99), column_12: `${long} that` } }],
            }),
          }),
        ),
      ),
      plain,
    ),
    "tests-wide",
  );
});
