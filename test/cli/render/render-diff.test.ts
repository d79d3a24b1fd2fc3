import { describe, it } from "vitest";
import { renderDiff } from "../../../src/cli/render/render-diff.ts";
import type { TableDiff } from "../../../src/execute/table-diff.ts";
import { expectGolden, plain } from "./golden.ts";
import { comparison } from "./sample-comparison.ts";

const changed: TableDiff = {
  table: "gold.daily_revenue",
  status: "changed",
  old: { version: "3", rows: 1_204_000 },
  new: { version: "5", rows: 1_216_000 },
  counts: { inserted: 12_010, updated: 2, deleted: 10 },
  reason: null,
  notes: [],
  comparison,
};

const options = { ...plain, old: "run 20261121T060000Z-7f3a00", new: "run 20261121T070000Z-8a4b11" };

describe("renderDiff", () => {
  it("shows the tables that changed", () => {
    const tables: readonly TableDiff[] = [
      changed,
      {
        ...changed,
        table: "gold.shops",
        status: "equal",
        new: changed.old,
        comparison: {
          ...comparison,
          added: 0,
          removed: 0,
          changed: 0,
          columns: [],
          only_old: [],
          types: [],
          samples: { added: [], removed: [], changed: [] },
        },
      },
      {
        ...changed,
        table: "bronze.events",
        status: "counted",
        old: { version: "1", rows: null },
        comparison: null,
        reason: "run 20261121T070000Z-8a4b11 replaced the table as a whole: no model follows its row changes",
      },
      {
        ...changed,
        table: "gold.new",
        status: "missing",
        counts: null,
        old: { version: null, rows: null },
        comparison: null,
        reason: "environment dev has no gold.new",
      },
    ];
    return expectGolden(renderDiff(tables, options), "diff");
  });

  it("fits a narrow terminal", () => expectGolden(renderDiff([changed], { ...options, width: 60 }), "diff-narrow", 60));

  it("says that nothing changed", () => expectGolden(renderDiff([], options), "diff-empty"));
});
