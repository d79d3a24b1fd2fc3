import type { TestFailure, TestResult } from "../../execute/model-test/test-result.ts";
import { groupDigits } from "../../observe/group-digits.ts";
import { marks } from "../../observe/outcome.ts";
import { printable } from "../../observe/printable.ts";
import { errorLines } from "./error-lines.ts";
import { paint, type RenderOptions } from "./paint.ts";
import { rowDiffLines } from "./row-diff-lines.ts";
import { wrapText } from "./wrap-text.ts";

/** What `assay test` found. */
export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly duration_ms: number;
  readonly tests: readonly TestResult[];
}

/** Every test with its place and time, failures with what differs; the last line counts. */
export function renderTests(summary: TestSummary, options: RenderOptions): string {
  const { passed, failed, duration_ms, tests } = summary;
  const counts = `${groupDigits(passed)} passed, ${groupDigits(failed)} failed`;
  const last = paint(options.color, failed === 0 ? "green" : "red", counts);
  return [...tests.flatMap((test) => testLines(test, options)), "", `${last} (${duration_ms} ms)`].join("\n");
}

function testLines(test: TestResult, options: RenderOptions): readonly string[] {
  const { color } = options;
  const place = `${printable(test.location.file)}:${test.location.line}`;
  const format = test.status === "passed" ? "green" : "red";
  const mark = marks[test.status === "passed" ? "succeeded" : "failed"];
  const head = `${paint(color, format, mark)} ${printable(test.name)}  ${paint(color, "dim", `${place} · ${test.duration_ms} ms`)}`;
  return test.failure === null ? [head] : [head, ...failureLines(test.failure, options), ""];
}

function failureLines(failure: TestFailure, options: RenderOptions): readonly string[] {
  const { diff } = failure;
  const batch = failure.batch === null ? "" : `batch ${failure.batch}: `;
  return [
    ...indented(`${batch}${failure.message}`, options),
    ...failure.errors.flatMap((error) => errorLines(error, { ...options, indent: 4, label: "" })),
    ...(diff === null ? [] : ["", ...rowDiffLines(diff, { ...options, indent: 4 })]),
    ...contextLines(failure, options),
  ];
}

/** What the test did not say, and may explain the difference. */
function contextLines({ filled, unchecked }: TestFailure, options: RenderOptions): readonly string[] {
  const byTable = Map.groupBy(filled, (item) => item.table);
  const lines = [...byTable].map(([table, columns]) => {
    const values = Map.groupBy(columns, (item) => (item.value === null ? "null" : `'${item.value}'`));
    return `left out of ${table}: ${[...values].map(([value, items]) => `${items.map((item) => item.column).join(", ")} = ${value}`).join("; ")}`;
  });
  const left =
    unchecked.length === 0
      ? []
      : [`not checked, ${unchecked.length === 1 ? "its table is" : "their tables are"} no part of the test: ${unchecked.join(", ")}`];
  return [...lines, ...left].flatMap((line) => indented(line, options).map((text) => paint(options.color, "dim", text)));
}

const indented = (text: string, { width }: RenderOptions): readonly string[] =>
  wrapText(printable(text), Math.max(40, width - 4)).map((line) => `    ${line}`);
