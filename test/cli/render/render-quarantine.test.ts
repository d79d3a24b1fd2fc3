import { describe, it } from "vitest";
import { renderQuarantineList, renderQuarantineRows } from "../../../src/cli/render/render-quarantine.ts";
import type { QuarantinedRow, QuarantineGroup } from "../../../src/ports/quarantine.ts";
import { expectGolden, plain } from "./golden.ts";

const group: QuarantineGroup = {
  table: "bronze.order_items",
  rule: "type:price",
  reason: "type",
  column: "price",
  state: "open",
  rows: 1204,
  files: 2,
  first_seen: "2026-11-20T06:00:00Z",
  last_seen: "2026-11-21T06:00:00Z",
  last_run_id: "20261121T060000Z-7f3a",
};

const row: QuarantinedRow = {
  id: "0a1b2c3d4e5f6071",
  state: "open",
  rule: "type:price",
  file_name: "olist_order_items_dataset.csv",
  file_sha256: "abc",
  key: null,
  record: null,
  batch_id: "bronze.order_items/20261121T060000Z-7f3a",
  quarantined_at: "2026-11-21T06:00:00Z",
  closed_run_id: null,
  run_id: "20261121T060000Z-7f3a",
  table: "bronze.order_items",
  source_file: "olist_order_items_dataset.csv",
  row_number: 10_017,
  column: "price",
  reason: "type",
  message: 'price: "abc" is not a DECIMAL(10,2)',
  raw: "00010242fe8c5a6d1ba2dd792cb16214,1,4244733e,48436dade18ac8b2bce089ec2a041202,2017-09-19 09:45:35,abc,13.29",
};

describe("renderQuarantineList", () => {
  it("lists reasons by table and column", () =>
    expectGolden(
      renderQuarantineList(
        [
          group,
          { ...group, table: "bronze.reviews", rule: "too_few_columns", reason: "too_few_columns", column: null, rows: 1, files: 1 },
          { ...group, table: "gold.sales", rule: "between:total", reason: "between", column: "total", rows: 3, files: 0 },
          { ...group, rule: "quote", reason: "quote", column: null, state: "failed", rows: 12, files: 1 },
        ],
        plain,
      ),
      "quarantine-list",
    ));

  it("says that there is nothing", () => expectGolden(renderQuarantineList([], plain), "quarantine-list-empty"));
});

describe("renderQuarantineRows", () => {
  it("shows place, reason, message and raw text", () =>
    expectGolden(
      renderQuarantineRows(
        [
          row,
          { ...row, row_number: null, column: null, rule: "encoding", reason: "encoding", message: "the row is not UTF-8", raw: null },
          {
            ...row,
            state: "failed",
            rule: "too_long",
            reason: "too_long",
            message: "the row is longer than 2,000,000 bytes",
            raw: `"評論\n${"muito bom\t".repeat(100_000)}"`,
          },
        ],
        { ...plain, total: 1204 },
      ),
      "quarantine-rows",
    ));

  it("says that there is nothing", () => expectGolden(renderQuarantineRows([], { ...plain, total: 0 }), "quarantine-rows-empty"));
});
