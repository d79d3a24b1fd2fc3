import { describe, it } from "vitest";
import { renderVerification, renderVerificationSummary } from "../../../src/cli/render/render-verification.ts";
import type { Verification } from "../../../src/execute/verify-table.ts";
import type { RecordedVerification } from "../../../src/ports/verification-store.ts";
import { expectGolden, plain } from "./golden.ts";
import { comparison } from "./sample-comparison.ts";

const verified: Verification & { readonly last: RecordedVerification | null } = {
  table: "gold.daily_revenue",
  status: "verified",
  version: "5",
  run_id: "20261121T060000Z-7f3a00",
  rows: 1_204_000,
  duration_ms: 1234,
  proves: "rows",
  notes: [],
  comparison: {
    ...comparison,
    added: 0,
    removed: 0,
    changed: 0,
    equal: 1_204_000,
    columns: [],
    only_old: [],
    types: [],
    samples: { added: [], removed: [], changed: [] },
  },
  error: null,
  last: null,
};

const last: RecordedVerification = {
  table: "gold.daily_revenue",
  version: "4",
  run_id: "r",
  verified_at: "2026-11-20T06:00:00.000Z",
  status: "may_differ",
};
const names = ["gold.daily_revenue", "gold.shops"];

describe("renderVerification", () => {
  it("shows what was found of each model", () => {
    const results = [
      { ...verified, last },
      { ...verified, status: "differs", comparison, notes: ["silver.sales, which it reads, differs too: this may follow from it"] },
      {
        ...verified,
        table: "gold.shops",
        status: "stale",
        comparison: null,
        notes: ["silver.sales has version 3, gold.shops was built from 2"],
      },
      {
        ...verified,
        table: "gold.shops",
        status: "skipped",
        rows: null,
        comparison: null,
        notes: ["gold.shops is a view: it stores no rows that could differ from its SQL"],
      },
      {
        ...verified,
        table: "gold.shops",
        status: "failed",
        comparison: null,
        error: {
          code: "BUILD_FAILED",
          message: "gold.shops: Conversion Error",
          hint: "the full build failed",
          location: { file: "models/gold/shops.ts", line: 3 },
        },
      },
    ] as const;
    const text = results.map((result) => renderVerification(result, { ...plain, names })).join("\n");
    return expectGolden(`${text}\n${renderVerificationSummary(results, plain)}`, "verification");
  });

  it("compares whole rows where there is no key", () => {
    const byRow = {
      ...comparison,
      by: "row",
      key: [],
      changed: 0,
      columns: [],
      only_old: [],
      types: [],
      samples: { ...comparison.samples, changed: [] },
    } as const;
    const twice = { ...byRow, samples: { ...byRow.samples, removed: [{ row: { day: "2026-01-03" }, times: 1200 }] } };
    return expectGolden(
      renderVerification({ ...verified, status: "may_differ", comparison: twice }, { ...plain, names }),
      "verification-by-row",
    );
  });
});
