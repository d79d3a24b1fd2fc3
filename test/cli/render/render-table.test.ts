import { describe, expect, it } from "vitest";
import { renderTable } from "../../../src/cli/render/render-table.ts";
import { expectGolden, plain } from "./golden.ts";

describe("renderTable", () => {
  it("aligns numbers right and tells null, empty and text apart", () =>
    expectGolden(
      renderTable(
        {
          columns: ["state", "zip", "revenue", "orders", "open", "tags", "note"],
          rows: [
            ["SP", "01409", "5998226.96", 41746, true, ["a", "b"], null],
            ["RJ", "20000", "-2144379.69", 12852, false, { k: "1" }, ""],
            ["", "90210", null, 3, null, [], "null"],
          ],
        },
        plain,
      ),
      "table",
    ));

  it("cuts long cells, never numbers; wide characters line up; line breaks and control codes are shown as text", () =>
    expectGolden(
      renderTable(
        {
          columns: ["id", "comment", "other", "total"],
          rows: [
            ["1", `muito bom ${"recomendo ".repeat(100_000)}`, "x".repeat(90), "123456789012345678901234567890.12"],
            ["2", "配送がとても早かったです。ありがとうございました。また利用します。よろしくお願いします", "👍👩‍👩‍👧 é\u0301", "1.00"],
            ["3", "first\nsecond\tthird \u001b[2J\u0007 \u202egnp.exe", "ｶﾅ Ａ", "-0.50"],
          ],
        },
        plain,
      ),
      "table-wide",
    ));

  it("says how many columns it left out", () => {
    const columns = Array.from({ length: 30 }, (_, index) => `a_column_named_${index}`);
    return expectGolden(
      renderTable({ columns, rows: [columns.map((_, index) => (index % 2 === 0 ? index : `text ${index}`))] }, plain),
      "table-many-columns",
    );
  });

  it("shows an empty result with its columns", () =>
    expectGolden(renderTable({ columns: ["state", "revenue"], rows: [] }, plain), "table-empty"));

  it("shows null dim", () => {
    expect(renderTable({ columns: ["a"], rows: [[null]] }, { color: true, width: 80 })).toContain("\u001b[2mnull\u001b[22m");
  });
});
