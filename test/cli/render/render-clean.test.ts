import { describe, it } from "vitest";
import { renderClean } from "../../../src/cli/render/render-clean.ts";
import type { CleanItem } from "../../../src/plan/clean-plan.ts";
import { expectGolden, plain } from "./golden.ts";

const item = (kind: CleanItem["kind"], name: string, because: string, bytes: number | null, rows: number | null): CleanItem => ({
  kind,
  name,
  action: "remove",
  because,
  bytes,
  rows,
});

const items: readonly CleanItem[] = [
  item("batch", "bronze/orders/dt=2026-08-01/run_id=20260801T060000Z-69c21d", "no table reads it, and older than 90 days", 1_234_567, null),
  item("changes", "row changes of bronze.orders", "older than 30 days, and consumed", null, 12_004),
  item("runs", "records of runs, steps and checks", "older than 365 days, and nothing published is theirs", null, 1),
  item("log", "20260801T060000Z-69c21d.log", "older than 30 days", 4_100, null),
  item("scratch", "20260801T060000Z-69c21d", "left by a run that has ended", 0, null),
  { ...item("table", "gold.old\u001breport", "the project no longer declares it: --tables removes it", null, 365), action: "keep" },
  { ...item("table", "sink:warehouse:gold.old", "the project no longer sends it", null, null), action: "keep" },
];

describe("renderClean", () => {
  it("lists what would go, and why the rest stays", () => expectGolden(renderClean(items, { ...plain, dryRun: true }), "clean-dry-run"));
  it("says what went", () => expectGolden(renderClean(items.slice(0, 2), { ...plain, dryRun: false }), "clean"));
  it("says that there is nothing", () => expectGolden(renderClean([], { ...plain, dryRun: true }), "clean-nothing"));
});
