import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TableComparison } from "../../src/execute/table-comparison.ts";
import type { TableDiff } from "../../src/execute/table-diff.ts";
import type { AgainstReport, ChangedTable } from "../../src/observe/against-report.ts";
import { againstSummary } from "../../src/observe/against-summary.ts";
import { markdownCode, markdownText } from "../../src/observe/markdown-text.ts";
import type { CheckResult, TableName } from "../../src/terms.ts";

const golden = (name: string): string => join(fileURLToPath(new URL("golden", import.meta.url)), name);

function comparison(more: Partial<TableComparison> = {}): TableComparison {
  const samples = { added: [], removed: [], changed: [] };
  const counts = { old_rows: 10, new_rows: 10, added: 0, removed: 0, changed: 0, equal: 10 };
  return { by: "key", key: ["id"], ...counts, columns: [], only_old: [], only_new: [], types: [], samples, ...more };
}

const diffOf = (table: TableName, found: TableComparison): TableDiff => ({
  table,
  status: "changed",
  old: { version: "1", rows: 10 },
  new: { version: "1", rows: 10 },
  counts: null,
  reason: null,
  notes: [],
  comparison: found,
});

function changed(table: TableName, more: Partial<ChangedTable> = {}): ChangedTable {
  const what = { kind: "changed", parts: ["sql"], params: [], upstreams: [], columns: { added: [], removed: [], types: [] } } as const;
  const how = { status: "succeeded", reason: "", rows: 10, duration_ms: 120, problems: [], error: null, diff: null, notes: [] } as const;
  return { table, ...what, ...how, ...more };
}

function reportOf(tables: readonly ChangedTable[], more: Partial<AgainstReport> = {}): AgainstReport {
  const count = (status: ChangedTable["status"]): number => tables.filter((table) => table.status === status).length;
  const failed = tables.flatMap((table) => table.problems).filter((check) => check.status === "failed").length;
  return {
    environment: "ci",
    against: "pro",
    changed: tables.length,
    built: count("succeeded"),
    checks_failed: failed,
    steps_failed: count("failed"),
    deferred: 12,
    tables,
    not_selected: [],
    removed: [],
    notes: [],
    ...more,
  };
}

const failedCheck: CheckResult = {
  check: "between",
  column: "price",
  severity: "error",
  status: "failed",
  failures: 2,
  message: "-8.00 is below 0 | in *row* 7",
};

const sales = changed("silver.sales", {
  parts: ["sql", "contract"],
  params: ["scale"],
  upstreams: ["bronze.orders", "bronze.items"],
  columns: {
    added: [{ name: "net", type: "DECIMAL(10,2)" }],
    removed: [{ name: "gross", type: "DECIMAL(10,2)" }],
    types: [{ column: "id", old: "INTEGER", new: "BIGINT" }],
  },
  diff: diffOf(
    "silver.sales",
    comparison({
      added: 1,
      removed: 2,
      changed: 1_500,
      equal: 8_000,
      columns: [{ column: "net", changed: 1_500 }],
      samples: {
        added: [{ row: { id: "4", name: "@ann #12 <b>x</b>" }, times: 1 }],
        removed: [{ row: { id: "5", name: null }, times: 1 }],
        changed: [{ key: { id: "1" }, columns: [{ column: "net", old: "1.00", new: "" }] }],
      },
    }),
  ),
  problems: [{ ...failedCheck, severity: "warn", status: "warned", message: "3 rows" }],
});

describe("the summary", () => {
  test("tells what changed, why, what it did to the rows, and what failed", async () => {
    const report = reportOf(
      [
        sales,
        changed("gold.failed", {
          status: "failed",
          problems: [failedCheck],
          error: { code: "CHECK_FAILED", message: "gold.failed: check between", hint: null, location: null },
        }),
        changed("gold.broken", {
          kind: "downstream",
          parts: [],
          upstreams: ["silver.sales"],
          status: "failed",
          rows: null,
          error: { code: "BUILD_FAILED", message: "gold.broken: division by zero", hint: null, location: null },
        }),
        changed("gold.after", { kind: "downstream", parts: [], upstreams: ["gold.failed"], status: "skipped", rows: null }),
        changed("gold.before", { parts: ["checks"], status: "kept", diff: diffOf("gold.before", comparison()) }),
        changed("gold.history", { kind: "new", parts: [], columns: null, notes: ["its history begins here: it cannot be made again"] }),
      ],
      { not_selected: ["gold.other"], removed: ["gold.gone"], notes: ["pro published other rows of silver.x meanwhile"] },
    );
    await expect(againstSummary(report)).toMatchFileSnapshot(golden("against-summary.md"));
  });

  test("of a plan, and of nothing", () => {
    expect(againstSummary(reportOf([changed("gold.x", { status: "planned", rows: null })]))).toContain(
      "📋 **1 table changed** · nothing built",
    );
    expect(againstSummary(reportOf([]))).toBe("## Assay: ci against pro\n\n✅ **No table changed**: 12 read from pro\n");
    const unreadable = reportOf([], { steps_failed: 1, notes: ["silver.x cannot be read from there: it is locked"] });
    expect(againstSummary(unreadable)).toContain("❌ **No table changed**");
  });
});

describe("what a comment can hold", () => {
  const long = "x".repeat(5_000);
  const many = (number: number, columns: number): AgainstReport =>
    reportOf(
      Array.from({ length: number }, (_, index) => {
        const row = Object.fromEntries(Array.from({ length: columns }, (__, column) => [`column_${column}`, long] as const));
        const one = { row, times: 1 };
        const samples = { added: Array(5).fill(one), removed: Array(5).fill(one), changed: [] };
        return changed(`gold.table_${index}`, {
          diff: diffOf(
            `gold.table_${index}`,
            comparison({ added: 5, removed: 5, changed: 1, columns: [{ column: "a", changed: 1 }], samples }),
          ),
          problems: index % 2 === 0 ? [{ ...failedCheck, message: long }] : [],
        });
      }),
    );

  test("is not exceeded; samples go first, the headline stays", () => {
    for (const [number, columns] of [
      [1, 1],
      [10, 30],
      [60, 10],
      [400, 3],
      [5_000, 1],
    ] as const) {
      const text = againstSummary(many(number, columns));
      expect(text.length, `${number} tables`).toBeLessThanOrEqual(65_536);
      expect(text).toContain(number === 1 ? "table changed**" : "tables changed**");
    }
    const small = againstSummary(many(1, 1));
    const large = againstSummary(many(60, 10));
    expect(small).toContain("column_0 = x");
    expect(large).not.toContain("column_0 = x");
    expect(large).toContain("- changed values: `a` 1");
    expect(againstSummary(many(5_000, 1), 500).length).toBeLessThanOrEqual(500);
  });
});

describe("text in Markdown", () => {
  test.each([
    ["a | b", "a &#124; b"],
    ["*bold* _it_ snake_case", "&#42;bold&#42; &#95;it&#95; snake_case"],
    ["<img src=x>", "&#60;img src=x>"],
    ["[x](javascript:1)", "&#91;x&#93;(javascript:1)"],
    ["@ann fixes #12", "@<!-- -->ann fixes #<!-- -->12"],
    ["https://x.y www.x.y", "https&#58;//x.y www&#46;x.y"],
    ["two\nlines\tand `code`", "two lines and &#96;code&#96;"],
    ["$a$ & ~b~ \\c", "&#36;a&#36; &#38; &#126;b&#126; &#92;c"],
  ])("%j", (text, shown) => {
    expect(markdownText(text)).toBe(shown);
  });

  test("no text ends a line, a cell or its own code", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "|", "\n", "\r", "\u2028", "<", "a", " ", "\\", "_", "@") }), (text) => {
        for (const shown of [markdownText(text), markdownCode(text)]) expect(shown).not.toMatch(/[|\n\r\u2028]/);
        expect(markdownText(text)).not.toMatch(/[`\\]|<(?!!-- -->)/);
        const code = markdownCode(text);
        const fence = /^`+/.exec(code)?.[0];
        if (fence !== undefined) {
          const inside = code.slice(fence.length, -fence.length);
          expect(code.endsWith(fence)).toBe(true);
          expect([...inside.matchAll(/`+/g)].map(([run]) => run.length)).not.toContain(fence.length);
        }
      }),
    );
  });
});
