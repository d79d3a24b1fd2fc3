import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";
import { allSteps, makeShop, shopFile, shopFiles } from "../support/shop-project.ts";

let shop: TestProject;

beforeAll(async () => {
  shop = await makeShop();
  expect((await shop.assay(["run"])).code).toBe(0);
});
afterAll(() => shop.remove());

/** Steps that `assay plan` says a run would do, in name order. */
async function planned(...args: readonly string[]): Promise<readonly string[]> {
  const plan = await shop.json<Plan>(["plan", ...args]);
  return plan.steps
    .filter((step) => step.action === "run")
    .map((step) => step.step)
    .sort();
}

describe("what a run does again", () => {
  // Back to what is published.
  beforeEach(() => shop.write(shopFiles));

  test("nothing, when nothing changed", async () => {
    const run = await shop.json<RunResult>(["run"]);
    expect(run.status).toBe("succeeded");
    expect(stepsRun(run)).toEqual([]);
    expect(run.steps.map((step) => step.step).sort()).toEqual(allSteps);
    for (const step of run.steps) expect(step.reason).toMatch(/^unchanged since run /);
  });

  test("nothing, when files were touched but hold what they held", async () => {
    for (const file of ["orders", "items", "shops"]) await utimes(join(shop.folder, "data", `${file}.csv`), 1_700_000_000, 1_700_000_000);
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual([]);
    // The new stamp is remembered: the next run need not look into the files for it.
    const stamped = await shop.json<{ rows: unknown[] }>(["query", "select distinct split_part(stamp, ':', 2) from assay.files"]);
    expect(stamped.rows).toEqual([["1700000000000000000"]]);
  });

  test("nothing, when only layout or comments of SQL changed", async () => {
    await shop.write({
      ...shopFile("models/silver/sales.ts", "select items.order_id,", "-- one row an item\n  SELECT   items.order_id,\n"),
      ...shopFile("models/gold/by_product.sql", "select product", "/* sold */ select\n product"),
      ...shopFile("models/gold/by-day.ts", 'grain: ["day"]', 'description: "Revenue",\n  grain: ["day"]'),
    });
    expect(await planned()).toEqual([]);
  });

  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    [
      "a changed literal in silver",
      shopFile("models/silver/sales.ts", "items.price\n", "items.price * 1 as price\n"),
      ["build gold.by_day", "build gold.by_product", "build silver.sales"],
    ],
    [
      "changed SQL in gold",
      shopFile("models/gold/shops.sql", "from bronze.shops", "from bronze.shops where shop_id > 0"),
      ["build gold.shops"],
    ],
    [
      "a changed contract",
      shopFile("models/gold/by-day.ts", "revenue: t.decimal(12, 2)", "revenue: t.decimal(14, 2)"),
      ["build gold.by_day"],
    ],
    [
      "a changed contract at the door",
      shopFile("sources/shop.ts", "city: t.varchar()", "city: t.varchar({ nullable: true })"),
      ["build gold.shops", "ingest bronze.shops"],
    ],
    [
      "a changed check",
      shopFile("sources/shop.ts", "{ min: 0 }", "{ min: 0.5 }"),
      ["build gold.by_day", "build gold.by_product", "build silver.sales", "ingest bronze.items"],
    ],
    ["a changed grain", shopFile("models/gold/shops.sql", "[shop_id]", "[shop_id, city]"), ["build gold.shops"]],
    ["a table that became a view", shopFile("models/gold/shops.sql", "tags:", "materialize: view\ntags:"), ["build gold.shops"]],
  ])("%s: that table and what reads it", async (_, files, steps) => {
    await shop.write(files);
    expect(await planned()).toEqual(steps);
  });

  test("a failed table again and again, until it is right", async () => {
    await shop.write(shopFile("models/gold/shops.sql", "tags:", "checks:\n  - accepted_values: { column: city, values: [Rome] }\ntags:"));
    for (const _ of [1, 2]) {
      const run = await shop.json<RunResult>(["run"]);
      expect(run.status).toBe("failed");
      expect(stepsRun(run)).toEqual(["build gold.shops"]);
      expect(stepOf(run, "build gold.shops").error?.message).toContain("city = Oslo");
    }
    await shop.write(shopFiles);
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual([]);
  });
});

describe("changed input", () => {
  beforeEach(async () => {
    await shop.write(shopFiles);
    expect((await shop.assay(["run"])).code).toBe(0);
  });

  test("one file: only what depends on it, the rest is unchanged", async () => {
    await shop.write({ "data/items.csv": `${shopFiles["data/items.csv"]}2,pear,2.25\n` });
    const run = await shop.json<RunResult>(["run"]);
    expect(stepsRun(run)).toEqual(["build gold.by_day", "build gold.by_product", "build silver.sales", "ingest bronze.items"]);
    expect(stepOf(run, "ingest bronze.items").reason).toBe("items.csv is changed");
    for (const name of ["ingest bronze.orders", "ingest bronze.shops", "build gold.shops"]) {
      expect(stepOf(run, name)).toMatchObject({ status: "skipped", reason: expect.stringMatching(/^unchanged/) });
    }
    expect(await shop.query("select * from gold.by_day order by day")).toEqual([
      { day: "2026-01-01", revenue: "7.25" },
      { day: "2026-01-02", revenue: "0.75" },
    ]);
  });

  test("a changed price of equal length within the same second is seen", async () => {
    await shop.write({ "data/items.csv": (shopFiles["data/items.csv"] ?? "").replace("0.75", "0.85") });
    expect(await planned()).toEqual(["build gold.by_day", "build gold.by_product", "build silver.sales", "ingest bronze.items"]);
  });

  test("ingested alone, it is what the tables above it see as new later", async () => {
    await shop.write({ "data/orders.csv": (shopFiles["data/orders.csv"] ?? "").replace("3,2026-01-02", "3,2026-01-03") });
    expect(stepsRun(await shop.json<RunResult>(["run", "--select", "bronze.*"]))).toEqual(["ingest bronze.orders"]);
    const run = await shop.json<RunResult>(["run"]);
    expect(stepsRun(run)).toEqual(["build gold.by_day", "build gold.by_product", "build silver.sales"]);
    expect(stepOf(run, "build silver.sales").reason).toBe("bronze.orders has a newer version");
  });

  test("that makes the same rows goes no further", async () => {
    // An order without items is in no model.
    await shop.write({ "data/orders.csv": `${shopFiles["data/orders.csv"]}4,2026-01-03\n` });
    const run = await shop.json<RunResult>(["run"]);
    expect(stepsRun(run)).toEqual(["build silver.sales", "ingest bronze.orders"]);
    for (const name of ["build gold.by_day", "build gold.by_product"]) {
      expect(stepOf(run, name)).toMatchObject({ status: "skipped", reason: expect.stringMatching(/^unchanged/) });
    }
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual([]);
  });

  test("the smallest change of a wide decimal is one, though the engine's hashes of 0 and -0.01 are the same", async () => {
    const models = {
      ...shopFile("models/gold/by_product.sql", "count(*) as sold", "sum(price)::decimal(38, 2) as total"),
      "models/gold/totals.sql": "/*\ngrain: [product]\n*/\nselect product, total from gold.by_product\n",
    };
    const items = (price: string): Readonly<Record<string, string>> => ({ "data/items.csv": `order_id,product,price\n1,apple,${price}\n` });
    await shop.write({ ...models, ...items("0.00"), ...shopFile("sources/shop.ts", 'checks: [check.between("price", { min: 0 })],', "") });
    expect((await shop.json<RunResult>(["run"])).status).toBe("succeeded");
    await shop.write(items("-0.01"));
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toContain("build gold.totals");
    expect(await shop.query("from gold.totals")).toEqual([{ product: "apple", total: "-0.01" }]);
    await shop.remove("models/gold/totals.sql");
  });

  test("a file with its rows in another order is no change", async () => {
    await shop.write({ "data/orders.csv": "order_id,day\n3,2026-01-02\n1,2026-01-01\n2,2026-01-01\n" });
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual(["ingest bronze.orders"]);
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual([]);
  });
});

describe("what is selected", () => {
  beforeAll(async () => {
    await shop.write(shopFiles);
    expect((await shop.assay(["run"])).code).toBe(0);
  });

  test.each<[string, readonly string[]]>([
    ["sales", ["build silver.sales"]],
    ["silver.sales", ["build silver.sales"]],
    ["+sales", ["build silver.sales", "ingest bronze.items", "ingest bronze.orders"]],
    ["sales+", ["build gold.by_day", "build gold.by_product", "build silver.sales"]],
    ["+sales+", allSteps.filter((step) => !step.endsWith("shops"))],
    ["gold.*", ["build gold.by_day", "build gold.by_product", "build gold.shops"]],
    ["tag:products", ["build gold.by_product", "build gold.shops"]],
    ["+tag:products", allSteps.filter((step) => step !== "build gold.by_day")],
    ["gold.by_day,bronze.shops", ["build gold.by_day", "ingest bronze.shops"]],
    ["*", allSteps],
  ])("--select %s --full-refresh", async (selector, steps) => {
    expect(await planned("--select", selector, "--full-refresh")).toEqual(steps);
  });

  test("--full-refresh runs everything, and says it was asked for", async () => {
    const run = await shop.json<RunResult>(["run", "--full-refresh"]);
    expect(stepsRun(run)).toEqual(allSteps);
    for (const step of run.steps) expect(step).toMatchObject({ status: "succeeded", reason: "full refresh" });
    for (const step of run.steps.filter((item) => item.kind === "ingest")) expect(step.rows_in).toBeGreaterThan(0);
  });

  test("a table whose upstreams were never built needs them selected", async () => {
    const fresh = await makeShop();
    try {
      const refused = await fresh.json<{ error: { code: string; message: string; hint: string } }>(["run", "--select", "gold.by_day"]);
      expect(refused.error).toMatchObject({ code: "UPSTREAM_MISSING", hint: "select what it needs too: --select +gold.by_day" });
      const run = await fresh.json<RunResult>(["run", "--select", "+gold.by_day"]);
      expect(stepsRun(run)).toEqual(["build gold.by_day", "build silver.sales", "ingest bronze.items", "ingest bronze.orders"]);
    } finally {
      await fresh.remove();
    }
  });
});
