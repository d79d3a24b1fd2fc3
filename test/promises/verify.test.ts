import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ShownVerification } from "../../src/cli/verify.ts";
import type { TestProject } from "../support/project.ts";
import { makeShop, shopFile } from "../support/shop-project.ts";
import { tamper } from "../support/tamper.ts";
import { tableHashes } from "../support/warehouse-state.ts";

interface Document {
  readonly env: string;
  readonly results: readonly ShownVerification[];
}

const statusOf = ({ results }: Document): Readonly<Record<string, string>> =>
  Object.fromEntries(results.map(({ table, status }) => [table, status]));

let shop: TestProject;
beforeAll(async () => {
  shop = await makeShop({
    "models/silver/prices.sql":
      "/*\ngrain: [product]\nmaterialize: view\n*/\nselect product, max(price) as price from bronze.items group by product\n",
  });
  expect((await shop.assay(["run"])).code).toBe(0);
});
afterAll(() => shop.remove());

describe("verify", () => {
  test("proves what was published, publishes nothing and leaves nothing behind", async () => {
    const before = await tableHashes(shop.folder);
    const { code, stdout } = await shop.assay(["verify"]);
    expect(stdout).toMatch(/✓ verified +silver\.sales +4 rows/);
    expect(stdout).toMatch(/\n4 verified\n$/);
    expect(code).toBe(0);
    expect(await tableHashes(shop.folder)).toEqual(before);
    expect(await readdir(join(shop.folder, ".assay", "scratch"))).toEqual([]);
    // Apart from run records.
    expect((await shop.json<{ readonly runs: readonly unknown[] }>(["runs"])).runs).toHaveLength(1);
  });

  test("takes selectors, and shows what the last one found", async () => {
    const { results } = await shop.json<Document>(["verify", "gold.*", "prices"]);
    expect(results.map(({ table, status, last }) => `${table}: ${status}, before ${last?.status}`).sort()).toEqual([
      "gold.by_day: verified, before verified",
      "gold.by_product: verified, before verified",
      "gold.shops: verified, before verified",
      "silver.prices: skipped, before undefined",
    ]);
  });

  test("finds a row that was changed, one that is missing and one too many, by key and column", async () => {
    await tamper(shop, "update silver.sales set price = 9.99 where product = 'pear'; delete from silver.sales where product = 'plum'");
    await tamper(shop, "insert into gold.shops values (3, 'Bern')");
    const { code, stdout } = await shop.assay(["verify"]);
    expect(code).toBe(1);
    expect(stdout).toContain("~  order_id = 1, product = pear  price 9.99 → 2.00");
    expect(stdout).toContain("+  order_id = 3, product = plum  day = 2026-01-02, price = 0.75");
    expect(stdout).toContain("−  shop_id = 3  city = Bern");
    // What was made from it before is not what it says now.
    expect(stdout).toContain("silver.sales, which it reads, differs too: this may follow from it");
    const document = await shop.json<Document>(["verify", "silver.sales", "--samples", "0"]);
    expect(document.results[0]).toMatchObject({
      status: "differs",
      last: { status: "differs" },
      comparison: {
        key: ["order_id", "product"],
        changed: 1,
        added: 1,
        columns: [{ column: "price", changed: 1 }],
        samples: { changed: [], added: [] },
      },
    });
  });

  test("sees an incremental table that a refresh did not touch where it is wrong", async () => {
    const followed = await makeShop({
      "models/silver/sales.ts": `import { incremental, model, sql, t } from "assay";
import { items, orders } from "../../sources/shop.ts";
export const sales = model("silver.sales", {
  grain: ["order_id", "product"],
  columns: { order_id: t.integer(), product: t.varchar(), day: t.date(), price: t.decimal(10, 2) },
  materialize: incremental({ by: ["order_id"] }),
  sql: sql\`select items.order_id, items.product, orders.day, items.price from \${items} as items join \${orders} as orders on orders.order_id = items.order_id\`,
});
`,
    });
    const orders = Array.from({ length: 200 }, (_, index) => index + 10);
    const data = (price: string): Readonly<Record<string, string>> => ({
      "data/orders.csv": `order_id,day\n${orders.map((order) => `${order},2026-02-01\n`).join("")}`,
      "data/items.csv": `order_id,product,price\n${orders.map((order) => `${order},fig,${order === 10 ? price : "1.00"}\n`).join("")}`,
    });
    try {
      await followed.write(data("1.00"));
      expect((await followed.assay(["run"])).code).toBe(0);
      await tamper(followed, "update silver.sales set price = 8.88 where order_id = 99");
      await followed.write(data("2.00"));
      expect((await followed.assay(["run"])).code).toBe(0);
      const { stdout, code } = await followed.assay(["verify", "sales"]);
      expect(stdout).toContain("1 changed · 199 equal (compared by order_id, product)");
      expect(stdout).toContain("~  order_id = 99, product = fig  price 8.88 → 1.00");
      expect(code).toBe(1);
    } finally {
      await followed.remove();
    }
  });

  test("a full refresh heals it", async () => {
    expect((await shop.assay(["run", "--full-refresh"])).code).toBe(0);
    expect((await shop.assay(["verify"])).code).toBe(0);
  });

  test("says that a table is stale when its upstream is newer, until the next run", async () => {
    await shop.write({ "data/shops.csv": "shop_id,city\n1,Rome\n2,Bergen\n" });
    expect((await shop.assay(["run", "--select", "bronze.shops"])).code).toBe(0);
    const stale = await shop.assay(["verify", "shops"]);
    expect(stale.code).toBe(1);
    expect(stale.stdout).toContain("bronze.shops has version 2, gold.shops was built from 1");
    expect(stale.stdout).toContain("verify after the next run, or compare anyway with --stale");
    const anyway = await shop.assay(["verify", "shops", "--stale"]);
    expect(anyway.stdout).toContain("~  shop_id = 2  city Oslo → Bergen");
    expect((await shop.assay(["run"])).code).toBe(0);
    expect(statusOf(await shop.json<Document>(["verify", "shops"]))).toEqual({ "gold.shops": "verified" });
  });

  test("says that a definition changed since", async () => {
    const path = "models/gold/shops.sql";
    await shop.write(shopFile(path, "select shop_id, city", "select shop_id, upper(city) as city"));
    const { stdout, code } = await shop.assay(["verify", "shops"]);
    expect(code).toBe(1);
    expect(stdout).toContain("its definition changed since it was built");
    await shop.write(shopFile(path, "select shop_id, city", "select shop_id, city"));
  });

  test("reports a full build that fails", async () => {
    await shop.remove("lake");
    const document = await shop.json<Document>(["verify", "shops", "by_day"]);
    expect(document.results).toMatchObject([
      { table: "gold.shops", status: "failed", error: { code: "BUILD_FAILED" } },
      { table: "gold.by_day", status: "verified" },
    ]);
  });
});
