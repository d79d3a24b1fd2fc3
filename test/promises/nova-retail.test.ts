import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { needRealOlist, realOlist } from "../support/olist-data.ts";
import { novaRetail, type TestProject } from "../support/project.ts";
import { expectBalanced, stepOf, stepsRun } from "../support/run-document.ts";

const rows: Readonly<Record<string, number>> = {
  "ingest bronze.orders": 99_441,
  "ingest bronze.customers": 99_441,
  "ingest bronze.order_items": 112_650,
  "ingest bronze.order_payments": 103_886,
  "ingest bronze.order_reviews": 99_224,
  "ingest bronze.products": 32_951,
  "ingest bronze.sellers": 3_095,
  "build silver.order_lines": 118_431,
  "build gold.fact_sales": 118_431,
  "build gold.fact_order_items": 112_650,
  "build gold.fact_order_payments": 103_886,
  "build gold.sales_summary": 1_394,
  "build gold.sales_by_month_state": 565,
  "build gold.revenue_reconciliation": 3,
};
const summaries = ["build gold.sales_summary", "build gold.sales_by_month_state", "build gold.revenue_reconciliation"];
const reconciliation = "select measure, source_total, faithful_total, correct_total from gold.revenue_reconciliation order by measure";
const groups = `select 's' as summary, customer_state || product_category_name as grp, total_orders, total_revenue from gold.sales_summary
  union all select 'm', order_year_month || customer_state, total_orders, total_revenue from gold.sales_by_month_state order by all`;

interface Group {
  readonly summary: string;
  readonly grp: string;
  readonly total_orders: string;
  readonly total_revenue: string;
}

/** 10.25 → 1025, exactly. */
const cents = (text: string): bigint => BigInt(text.replace(".", ""));
const shown = (value: bigint): string => String(value).replace(/(\d\d)$/, ".$1");

describe("Nova Retail on the real files", () => {
  let project: TestProject;
  let plain: RunResult;
  let plainGroups: readonly Group[];

  beforeAll(async () => {
    if (realOlist === null) return;
    project = await novaRetail(realOlist);
    plain = await project.json<RunResult>(["run"]);
    plainGroups = await project.query<Group>(groups);
  });
  afterAll(() => project?.remove());

  test("every step succeeds with the known rows", (context) => {
    needRealOlist(context);
    expect(plain.status).toBe("succeeded");
    expect(Object.fromEntries(stepsRun(plain).map((name) => [name, stepOf(plain, name).rows_out]))).toEqual(rows);
  });

  test("the tables hold what the run says", async (context) => {
    needRealOlist(context);
    const counts = Object.keys(rows)
      .map((step) => step.replace(/^\w+ /, ""))
      .map((table) => `select '${table}' as t, count(*) as n from ${table}`);
    const found = await project.query<{ t: string; n: string }>(counts.join(" union all "));
    expect(Object.fromEntries(found.map(({ t, n }) => [t, Number(n)]))).toEqual(
      Object.fromEntries(Object.entries(rows).map(([step, count]) => [step.replace(/^\w+ /, ""), count])),
    );
  });

  test("the reconciliation shows the source's totals, the multiplied and the correct ones", async (context) => {
    needRealOlist(context);
    expect(await project.query(reconciliation)).toEqual([
      { measure: "freight_value", source_total: "2251909.54", faithful_total: "2357428.51", correct_total: "2251909.54" },
      { measure: "payment_value", source_total: "16008872.12", faithful_total: "20470726.66", correct_total: "16008872.12" },
      { measure: "price", source_total: "13591643.70", faithful_total: null, correct_total: "13591643.70" },
    ]);
  });

  test("every ledger balances", (context) => {
    needRealOlist(context);
    expectBalanced(plain);
    expect(plain.steps.reduce((sum, step) => sum + step.quarantined, 0)).toBe(0);
    const items = stepOf(plain, "build gold.fact_order_items").upstreams.find((item) => item.table === "bronze.order_items");
    expect(items).toMatchObject({ read: 112_650, used: 112_650 });
    const lines = stepOf(plain, "build silver.order_lines");
    expect(lines.upstreams.map(({ table, read }) => [table, read])).toContainEqual(["bronze.order_payments", 103_886]);
    // One order of the real files has no payment.
    expect(lines.upstreams.find((item) => item.table === "bronze.orders")).toMatchObject({ read: 99_441, used: 99_440 });
  });

  test("run --json has the documented keys", (context) => {
    needRealOlist(context);
    expect(Object.keys(plain)).toEqual([
      "run_id",
      "status",
      "pipeline",
      "env",
      "params",
      "started_at",
      "finished_at",
      "duration_ms",
      "steps",
    ]);
    const step = ["step", "kind", "table", "status", "reason", "rows_in", "rows_out", "quarantined", "removed", "upstreams", "conserved"];
    const more = ["removed_by", "changes", "touched", "notes", "error"];
    for (const item of plain.steps) {
      expect(Object.keys(item).sort(), item.step).toEqual([...step, "duration_ms", "checks", ...more].sort());
      for (const upstream of item.upstreams) expect(Object.keys(upstream)).toEqual(["table", "read", "used"]);
      for (const check of item.checks) expect(Object.keys(check)).toEqual(["check", "column", "severity", "status", "failures", "message"]);
    }
    expect(plain).toMatchObject({ pipeline: "daily", env: "dev", params: { scale_data: false, scale_multiplier: 2 } });
    expect(Date.parse(plain.finished_at ?? "") - Date.parse(plain.started_at)).toBe(plain.duration_ms);
  });

  test("three times the data is three times every count and total", { timeout: 180_000 }, async (context) => {
    needRealOlist(context);
    const scaled = await project.json<RunResult>(["run", "--param", "scale_data=true", "--param", "scale_multiplier=3"]);
    expect(scaled.status).toBe("succeeded");
    expectBalanced(scaled);
    expect(Object.fromEntries(stepsRun(scaled).map((name) => [name, stepOf(scaled, name).rows_out]))).toEqual(
      Object.fromEntries(Object.entries(rows).map(([step, count]) => [step, summaries.includes(step) ? count : count * 3])),
    );
    expect(await project.query(reconciliation)).toEqual([
      { measure: "freight_value", source_total: "6755728.62", faithful_total: "7072285.53", correct_total: "6755728.62" },
      { measure: "payment_value", source_total: "48026616.36", faithful_total: "61412179.98", correct_total: "48026616.36" },
      { measure: "price", source_total: "40774931.10", faithful_total: null, correct_total: "40774931.10" },
    ]);
    const expected = plainGroups.map((group) => ({
      ...group,
      total_orders: String(BigInt(group.total_orders) * 3n),
      total_revenue: shown(cents(group.total_revenue) * 3n),
    }));
    expect(expected).toHaveLength(1_394 + 565);
    expect(await project.query<Group>(groups)).toEqual(expected);
    const checksOf = (run: RunResult): readonly string[] =>
      run.steps.flatMap((step) =>
        step.checks.map((check) => `${step.step} ${check.check} ${check.column} ${check.severity} ${check.status}`),
      );
    expect(checksOf(scaled)).toEqual(checksOf(plain));
  });
});
