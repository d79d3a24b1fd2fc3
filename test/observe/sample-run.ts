import type { CheckResult, RunResult, StepResult } from "../../src/terms.ts";

/** A step that went well; tests change what they are about. */
export function sampleStep(change: Partial<StepResult> = {}): StepResult {
  return {
    step: "ingest bronze.orders",
    kind: "ingest",
    table: "bronze.orders",
    status: "succeeded",
    reason: "new",
    rows_in: 99441,
    rows_out: 99441,
    quarantined: 0,
    removed: 0,
    removed_by: [],
    upstreams: [],
    conserved: [],
    changes: null,
    touched: null,
    duration_ms: 312,
    checks: [],
    notes: [],
    error: null,
    ...change,
  };
}

export function sampleCheck(change: Partial<CheckResult> = {}): CheckResult {
  return { check: "not_null", column: "order_id", severity: "error", status: "passed", failures: 0, message: null, ...change };
}

const passed = [sampleCheck(), sampleCheck({ check: "unique" })];

/** A change of grain with two upstreams and a conserved measure. */
export const sampleFact = sampleStep({
  step: "build gold.fact_sales",
  kind: "build",
  table: "gold.fact_sales",
  rows_in: null,
  rows_out: 118431,
  upstreams: [
    { table: "bronze.order_items", read: 112650, used: 112650 },
    { table: "bronze.order_payments", read: 103886, used: null },
  ],
  conserved: [
    {
      column: "payment_value",
      upstream: "bronze.order_payments",
      measure: "sum(payment_value)",
      upstream_total: "16008872.12",
      total: "16008872.12",
      agrees: true,
    },
  ],
  checks: passed,
  duration_ms: 210,
});

export const sampleSink = sampleStep({
  step: "sink warehouse gold.fact_sales",
  kind: "sink",
  table: "gold.fact_sales",
  rows_in: 118431,
  rows_out: 118431,
  notes: ["added column freight_value"],
  duration_ms: 1204,
});

export function sampleRun(steps: readonly StepResult[], change: Partial<RunResult> = {}): RunResult {
  return {
    run_id: "20261121T060000Z-7f3a",
    status: "succeeded",
    pipeline: "daily",
    env: "dev",
    params: { scale_data: false, scale_multiplier: 2 },
    started_at: "2026-11-21T06:00:00.123Z",
    finished_at: "2026-11-21T06:00:04.223Z",
    duration_ms: 4100,
    steps,
    ...change,
  };
}

export const succeededRun = sampleRun([
  sampleSink,
  sampleFact,
  sampleStep({ checks: passed }),
  sampleStep({
    step: "ingest bronze.order_reviews",
    table: "bronze.order_reviews",
    rows_in: 99224,
    rows_out: 99200,
    quarantined: 4,
    removed: 20,
    removed_by: [
      { rule: "dedupe on review_id", rows: 18 },
      { rule: "filter", rows: 2 },
    ],
  }),
  sampleStep({
    step: "ingest bronze.sellers",
    table: "bronze.sellers",
    status: "skipped",
    reason: "unchanged",
    rows_in: null,
    rows_out: null,
  }),
  sampleStep({
    step: "ingest bronze.products",
    table: "bronze.products",
    status: "skipped",
    reason: "unchanged",
    rows_in: null,
    rows_out: null,
  }),
]);

export const warnedRun = sampleRun([
  sampleStep({
    checks: [
      ...passed,
      sampleCheck({
        check: "between",
        column: "price",
        severity: "warn",
        status: "warned",
        failures: 3,
        message: "price is -1.00, below 0, in order 8f2c",
      }),
    ],
  }),
]);

export const failedRun = sampleRun(
  [
    sampleStep({
      checks: [
        sampleCheck(),
        sampleCheck({
          check: "matches",
          column: "state",
          status: "failed",
          failures: 2,
          message: 'state is "S-P", which does not match ^[A-Z]{2}$',
        }),
      ],
      status: "failed",
      error: {
        code: "CHECK_FAILED",
        message: "bronze.orders: 1 check failed; the old table stands",
        hint: "Repair the rows at the source, or make the check a warning.",
        location: { file: "sources/olist.ts", line: 14 },
      },
    }),
    sampleStep({
      step: "build gold.fact_sales",
      kind: "build",
      table: "gold.fact_sales",
      status: "failed",
      rows_in: null,
      rows_out: null,
      conserved: [{ ...(sampleFact.conserved[0] as (typeof sampleFact.conserved)[number]), total: "20470726.66", agrees: false }],
      error: {
        code: "BUILD_FAILED",
        message:
          "gold.fact_sales: the join with order_payments on order_id multiplies rows: 118,431 rows hold 99,441 keys; e.g. order_id 00010242fe8c5a6d1ba2dd792cb16214 comes 3 times\nselect o.order_id, p.payment_value\n                   ^",
        hint: "Aggregate order_payments to one row per order_id before joining, or declare the grain the rows really have: order_id, payment_sequential.",
        location: { file: "models/gold/fact-sales.sql", line: 12 },
      },
    }),
    sampleStep({
      step: "build silver.orders",
      kind: "build",
      table: "silver.orders",
      rows_out: 99000,
      quarantined: 41,
      removed: 400,
      checks: passed,
    }),
    sampleStep({
      step: "sink warehouse gold.fact_sales",
      kind: "sink",
      table: "gold.fact_sales",
      status: "skipped",
      reason: "gold.fact_sales failed",
      rows_in: null,
      rows_out: null,
    }),
  ],
  { status: "failed" },
);
