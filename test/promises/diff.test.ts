import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TableDiff } from "../../src/execute/table-diff.ts";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { makeShop, shopFile, shopFiles } from "../support/shop-project.ts";
import { tamper } from "../support/tamper.ts";

interface Document {
  readonly old: { readonly env: string; readonly run_id: string | null };
  readonly new: { readonly env: string; readonly run_id: string | null };
  readonly tables: readonly TableDiff[];
}

const config = {
  "assay.config.ts": `import { defineProject, duckdb } from "assay";
export default defineProject({
  name: "shop",
  environments: { dev: { engine: duckdb("./warehouse.duckdb") }, pro: { engine: duckdb("./pro.duckdb") } },
});
`,
};

let shop: TestProject;
const run = async (...args: readonly string[]): Promise<string> => {
  const result = await shop.json<RunResult>(["run", ...args]);
  expect(result.status).toBe("succeeded");
  return result.run_id;
};

beforeAll(async () => {
  shop = await makeShop({
    ...config,
    ...shopFile("sources/shop.ts", "product: t.varchar()", "product: t.varchar(), secret: t.varchar({ sensitive: true, nullable: true })"),
    "data/items.csv": "order_id,product,secret,price\n1,apple,,1.50\n1,pear,s1,2.00\n2,apple,s2,1.50\n3,plum,s3,0.75\n",
  });
});
afterAll(() => shop.remove());

describe("between runs", () => {
  const runs: string[] = [];
  beforeAll(async () => {
    runs.push(await run());
    await shop.write({ "data/orders.csv": `${shopFiles["data/orders.csv"]}`.replace("3,2026-01-02", "3,2026-01-09") });
    runs.push(await run());
    runs.push(await run());
  });

  test("says which tables have another version, and how many rows", async () => {
    const document = await shop.json<Document>(["diff", "last~2", "last"]);
    expect(document.old).toEqual({ env: "dev", run_id: runs[0] });
    expect(document.new).toEqual({ env: "dev", run_id: runs[2] });
    expect(document.tables.map(({ table, status, old, new: now }) => [table, status, old.rows, now.rows])).toEqual([
      ["bronze.orders", "counted", 3, 3],
      ["silver.sales", "counted", 4, 4],
      ["gold.by_day", "counted", 2, 2],
    ]);
    const { stdout, code } = await shop.assay(["diff", "last~2", "last", "--table", "gold.*"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/○ counted {2}gold\.by_day {2}version 1 → 2, 2 rows/);
    expect(stdout).not.toContain("silver.sales");
  });

  test("a run without effect changed nothing", async () => {
    expect((await shop.assay(["diff", "last~1"])).stdout).toContain("no table changed");
  });

  test("shows recorded row changes", async () => {
    await tamper(
      shop,
      `create table assay_changes."gold.by_day" (_version bigint, _op tinyint, day date, revenue decimal(12, 2));
       insert into assay_changes."gold.by_day" values (2, -1, '2026-01-02', 0.75), (2, 1, '2026-01-09', 0.75);
       update assay.commits set kind = 'changes', inserted = 1, updated = 0, deleted = 1 where subject = 'gold.by_day' and version = 2`,
    );
    const { stdout } = await shop.assay(["diff", runs[0] ?? "", runs[1] ?? "", "--table", "by_day"]);
    expect(stdout).toMatch(/~ changed {2}gold\.by_day {2}version 1 → 2, 2 rows/);
    expect(stdout).toContain("1 removed · 1 added · 1 equal (compared by day)");
    expect(stdout).toContain("−  day = 2026-01-02  revenue = 0.75");
    expect(stdout).toContain("+  day = 2026-01-09  revenue = 0.75");
    const back = await shop.json<Document>(["diff", "last", runs[0] ?? "", "--table", "by_day"]);
    expect(back.tables[0]?.comparison?.samples.added).toEqual([{ row: { day: "2026-01-02", revenue: "0.75" }, times: 1 }]);
  });
});

test("between runs of tables that models follow: row by row, over all runs between", async () => {
  const followed = await makeShop({
    ...shopFile(
      "models/silver/sales.ts",
      'grain: ["order_id", "product"],',
      'grain: ["order_id", "product"],\n  materialize: incremental({ by: ["order_id"] }),',
    ),
    ...shopFile("models/gold/by-day.ts", 'grain: ["day"],', 'grain: ["day"],\n  materialize: incremental({ by: ["day"] }),'),
  });
  try {
    await followed.write({
      "models/silver/sales.ts": (await readFile(join(followed.folder, "models/silver/sales.ts"), "utf8")).replace(
        "import { model",
        "import { incremental, model",
      ),
      "models/gold/by-day.ts": (await readFile(join(followed.folder, "models/gold/by-day.ts"), "utf8")).replace(
        "import { check,",
        "import { check, incremental,",
      ),
    });
    // Of small tables everything changes at once, which is not recorded row by row.
    const orders = Array.from({ length: 200 }, (_, index) => index + 10);
    const items = (pear: string, more = ""): Readonly<Record<string, string>> => ({
      "data/orders.csv": `${shopFiles["data/orders.csv"]}${orders.map((order) => `${order},2026-02-01\n`).join("")}`,
      "data/items.csv": `order_id,product,price\n1,pear,${pear}\n3,plum,0.75\n${orders.map((order) => `${order},fig,1.00\n`).join("")}${more}`,
    });
    for (const files of [items("2.00"), items("2.50"), items("2.25", "3,kiwi,1.00\n")]) {
      await followed.write(files);
      expect((await followed.json<RunResult>(["run"])).status).toBe("succeeded");
    }
    expect((await followed.assay(["verify"])).stdout).toMatch(/\n4 verified\n$/);
    const { stdout } = await followed.assay(["diff", "last~2", "last"]);
    // The price of 2.50 came and went in between.
    expect(stdout).not.toContain("2.50");
    expect(stdout).toMatch(
      /~ changed {2}bronze\.items +version 1 → 3, 202 → 203 rows\n {4}1 changed · 1 added · 201 equal \(compared by order_id, product\)/,
    );
    expect(stdout).toMatch(/~ changed {2}silver\.sales +version 1 → 3, 202 → 203 rows\n {4}1 changed · 1 added · 201 equal/);
    expect(stdout).toContain("~  order_id = 1, product = pear  price 2.00 → 2.25");
    expect(stdout).toContain("+  order_id = 3, product = kiwi  day = 2026-01-02, price = 1.00");
    expect(stdout).toMatch(/gold\.by_day/);
  } finally {
    await followed.remove();
  }
});

describe("between environments", () => {
  beforeAll(async () => {
    await run("--env", "pro");
    await tamper(shop, "update silver.sales set price = 3.5 where product = 'pear'", "pro.duckdb");
    await tamper(
      shop,
      "alter table gold.by_product add column hits integer; alter table gold.by_product alter sold type varchar",
      "pro.duckdb",
    );
  });

  test("compares tables by key", async () => {
    const { stdout, code } = await shop.assay(["diff", "--table", "silver.*,gold.*", "--env", "dev", "--env", "pro"]);
    expect(code).toBe(0);
    expect(stdout).toContain("diff  environment dev → environment pro");
    expect(stdout).toContain("~  order_id = 1, product = pear  price 2.00 → 3.50");
    expect(stdout).toMatch(/✓ equal +gold\.by_day/);
    expect(stdout).toContain("only in environment pro: 1 column hits");
    expect(stdout).toContain("other types: sold BIGINT → VARCHAR");
  });

  test("compares bronze tables too, by rows where they have no key, and hides what is sensitive", async () => {
    await shop.write({
      "data/shops.csv": "shop_id,city\n1,Rome\n1,Rome\n2,Oslo\n",
      "data/items.csv": "order_id,product,secret,price\n1,apple,,1.50\n1,pear,s1,2.00\n2,apple,s9,1.50\n3,plum,s3,0.75\n",
    });
    await run("--env", "pro", "--select", "bronze.*");
    const { tables } = await shop.json<Document>(["diff", "--table", "bronze.*", "--env", "dev", "--env", "pro"]);
    const [items, , shops] = tables.toSorted((a, b) => (a.table < b.table ? -1 : 1));
    expect(items?.comparison?.samples.changed).toEqual([
      { key: { order_id: "2", product: "apple" }, columns: [{ column: "secret", old: "***", new: "***" }] },
    ]);
    expect(shops).toMatchObject({
      comparison: { by: "row", added: 1, removed: 0, samples: { added: [{ row: { shop_id: "1", city: "Rome" }, times: 1 }] } },
    });
  });

  test("says what may explain a difference", async () => {
    await shop.write(shopFile("models/gold/shops.sql", "select shop_id, city", "select shop_id, upper(city) as city"));
    await shop.write({ "data/shops.csv": "shop_id,city\n1,Rome\n2,Oslo\n" });
    await run("--env", "pro");
    const { tables } = await shop.json<Document>(["diff", "--table", "gold.shops", "--env", "dev", "--env", "pro"]);
    expect(tables).toMatchObject([
      { status: "changed", notes: ["dev and pro built it from different definitions"], comparison: { changed: 2 } },
    ]);
  });
});
