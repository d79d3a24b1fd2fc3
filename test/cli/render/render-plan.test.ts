import { describe, it } from "vitest";
import { renderPlan } from "../../../src/cli/render/render-plan.ts";
import type { Plan, Step } from "../../../src/plan/plan.ts";
import { expectGolden, plain } from "./golden.ts";

const steps: readonly Step[] = [
  {
    step: "ingest bronze.orders",
    kind: "ingest",
    table: "bronze.orders",
    after: [],
    because: "1 new file: orders-2026-11.csv",
    build: null,
    action: "run",
    reason: "new_input",
  },
  {
    step: "ingest bronze.sellers",
    kind: "ingest",
    table: "bronze.sellers",
    after: [],
    because: "sellers.csv is as it was",
    build: null,
    action: "skip",
    reason: "unchanged",
  },
  {
    step: "build silver.orders",
    kind: "build",
    table: "silver.orders",
    after: ["ingest bronze.orders"],
    because: "its SQL, its contract and its checks are not those of the published version, and bronze.orders has new rows as well",
    build: null,
    action: "run",
    reason: "changed",
  },
  {
    step: "build gold.fact_sales",
    kind: "build",
    table: "gold.fact_sales",
    after: [],
    because: "nothing published yet",
    build: null,
    action: "run",
    reason: "new",
  },
  {
    step: "build gold.sales_summary",
    kind: "build",
    table: "gold.sales_summary",
    after: [],
    because: "--full-refresh",
    build: null,
    action: "run",
    reason: "forced",
  },
  {
    step: "sink warehouse gold.fact_sales",
    kind: "sink",
    table: "gold.fact_sales",
    after: [],
    because: "WAREHOUSE_URL is not set",
    build: null,
    action: "skip",
    reason: "not_configured",
  },
];

const plan: Plan = { project: "nova-retail", pipeline: "daily", environment: "dev", params: { scale_data: true }, steps };

describe("renderPlan", () => {
  it("shows what would run and why, and what not, by layer", () => expectGolden(renderPlan(plan, plain), "plan"));

  it("says that nothing would run", () =>
    expectGolden(renderPlan({ ...plan, params: {}, steps: steps.filter((step) => step.action === "skip") }, plain), "plan-nothing"));

  it("says that the selection is empty", () => expectGolden(renderPlan({ ...plan, steps: [] }, plain), "plan-empty"));

  it("fits a narrow terminal", () => expectGolden(renderPlan(plan, { color: false, width: 60 }), "plan-narrow"));
});
