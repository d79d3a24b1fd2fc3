import { describe, expect, it } from "vitest";
import { didYouMean, nearestName } from "../../src/define/nearest-name.ts";

describe("nearestName", () => {
  it.each([
    ["custmer_id", ["order_id", "customer_id", "customer_state"], "customer_id"],
    ["CUSTOMER_ID", ["customer_id"], "customer_id"],
    ["gold.fact_sale", ["gold.fact_sales", "gold.dim_sales"], "gold.fact_sales"],
    ["xyz", ["customer_id"], null],
    ["", ["customer_id"], null],
    ["a", [], null],
  ])("%s among %j is %s", (name, known, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });
});

describe("didYouMean", () => {
  it("names the nearest, else what there is, but not without end", () => {
    expect(didYouMean("orderid", ["order_id"])).toBe("did you mean order_id?");
    expect(didYouMean("zzzzzz", ["a", "b"])).toBe("known: a, b");
    expect(didYouMean("zzzzzz", [])).toBe("there are none");
    expect(
      didYouMean(
        "zzzzzz",
        Array.from({ length: 20 }, (_, index) => `table_${index}`),
      ),
    ).toMatch(/^known: table_0, .*table_11, …$/);
  });
});
