import { describe, expect, it } from "vitest";
import { AssayError } from "../../src/errors.ts";
import { selectTables } from "../../src/plan/selection.ts";
import { bronzeTable, manifestOf, modelTable } from "./manifest.ts";

const manifest = manifestOf([
  bronzeTable("bronze.orders", { tags: ["daily"] }),
  bronzeTable("bronze.items"),
  modelTable("silver.lines", ["bronze.orders", "bronze.items"]),
  modelTable("gold.sales", ["silver.lines"], { tags: ["daily", "money"] }),
  modelTable("gold.fact_orders", ["bronze.orders"]),
  modelTable("gold.orders", ["gold.sales"]),
]);

const select = (...selectors: readonly string[]): string => {
  const selected = selectTables(manifest, selectors);
  return manifest.tables.flatMap((table) => (selected.has(table.name) ? [table.name] : [])).join(" ");
};
const all = manifest.tables.map((table) => table.name).join(" ");

describe("selectTables", () => {
  it.each([
    ["gold.sales", "gold.sales"],
    ["sales", "gold.sales"],
    ["orders", "bronze.orders gold.orders"],
    ["GOLD.Sales", "gold.sales"],
    ["*", all],
    ["gold.*", "gold.sales gold.fact_orders gold.orders"],
    ["*orders", "bronze.orders gold.fact_orders gold.orders"],
    ["fact_*", "gold.fact_orders"],
    ["tag:daily", "bronze.orders gold.sales"],
    ["+sales", "bronze.orders bronze.items silver.lines gold.sales"],
    ["silver.lines+", "silver.lines gold.sales gold.orders"],
    ["+silver.lines+", "bronze.orders bronze.items silver.lines gold.sales gold.orders"],
    ["tag:money+", "gold.sales gold.orders"],
    ["bronze.items gold.sales", "bronze.items gold.sales"],
    ["bronze.items,gold.sales", "bronze.items gold.sales"],
    [" gold.sales , ", "gold.sales"],
  ])("%s", (selector, expected) => {
    expect(select(selector)).toBe(expected);
  });

  it("adds several selectors up", () => {
    expect(select("sales", "tag:daily", "fact_*")).toBe("bronze.orders gold.sales gold.fact_orders");
  });

  it.each(["nothing", "gold", "gol.*", "tag:weekly", "+", "++", "gold.sale", "go?d.sales", "gold[.]sales", "tag:Daily"])(
    "refuses %s",
    (selector) => {
      expect(() => selectTables(manifest, ["sales", selector])).toThrow(expect.objectContaining({ code: "SELECTION_EMPTY" }));
    },
  );

  it.each([[[]], [[""]], [[" , "]]])("refuses to select nothing: %j", (selectors) => {
    expect(() => selectTables(manifest, selectors)).toThrow(AssayError);
  });

  it("names the table or tag that may be meant", () => {
    expect(() => selectTables(manifest, ["gold.sale"])).toThrow(expect.objectContaining({ hint: "did you mean gold.sales?" }));
    expect(() => selectTables(manifest, ["tag:dayly"])).toThrow(expect.objectContaining({ hint: "did you mean tag:daily?" }));
  });
});
