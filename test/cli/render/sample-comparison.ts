import type { TableComparison } from "../../../src/execute/table-comparison.ts";

export const comparison: TableComparison = {
  by: "key",
  key: ["day", "shop"],
  old_rows: 1_204_000,
  new_rows: 1_204_001,
  added: 12_001,
  removed: 1,
  changed: 2,
  equal: 1_203_997,
  columns: [
    { column: "revenue", changed: 2 },
    { column: "note", changed: 1 },
  ],
  only_old: ["legacy_code"],
  only_new: [],
  types: [{ column: "revenue", old: "DECIMAL(10,2)", new: "DECIMAL(12,2)" }],
  samples: {
    changed: [
      { key: { day: "2026-01-01", shop: "Rome" }, columns: [{ column: "revenue", old: "10.00", new: "12.00" }] },
      {
        key: { day: "2026-01-02", shop: "***" },
        columns: [
          { column: "revenue", old: null, new: "-0.01" },
          { column: "note", old: `${"the same beginning ".repeat(8)}old\u001b[31m`, new: `${"the same beginning ".repeat(8)}new` },
        ],
      },
    ],
    removed: [{ row: { day: "2026-01-03", shop: "null", revenue: "", note: null }, times: 1 }],
    added: [{ row: { day: "2026-01-04", shop: "Oslo", revenue: "1.00", note: "x" }, times: 1 }],
  },
};
