import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CleanItem } from "../../src/plan/clean-plan.ts";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { stepsRun } from "../support/run-document.ts";
import { makeShop, shopFiles } from "../support/shop-project.ts";
import { batchFolders, tableHashes } from "../support/warehouse-state.ts";

interface Cleaned {
  readonly dry_run: boolean;
  readonly items: readonly CleanItem[];
  readonly bytes: number;
}

interface Refused {
  readonly error: { readonly code: string; readonly message: string };
}

const config = (keep: string, environments = ""): Readonly<Record<string, string>> => ({
  "assay.config.ts": `import { defineProject, duckdb } from "assay";
export default defineProject({ name: "shop", ${environments === "" ? "" : `environments: { ${environments} },`} keep: { ${keep} } });
`,
});

// Each test is a row of runs; on a busy machine they take their time.
vi.setConfig({ testTimeout: 120_000 });

let shop: TestProject;
beforeEach(async () => {
  shop = await makeShop(config('batches: "0 s"'));
});
afterEach(() => shop.remove());

const clean = (...args: readonly string[]): Promise<Cleaned> => shop.json<Cleaned>(["clean", ...args]);
const names = ({ items }: Cleaned, action: CleanItem["action"]): readonly string[] =>
  items.filter((item) => item.action === action).map((item) => `${item.kind} ${item.name}`);
const batches = (): readonly string[] => batchFolders(shop.folder).map((batch) => batch.path.replace(/^lake\//, ""));
const logs = (): readonly string[] => readdirSync(join(shop.folder, ".assay", "logs"));

async function run(...args: readonly string[]): Promise<RunResult> {
  const result = await shop.json<RunResult>(["run", ...args]);
  expect(result, JSON.stringify(result)).toMatchObject({ status: "succeeded" });
  return result;
}

/** Another row in the items, so that their batch is superseded. */
const moreItems = (row: string): Promise<void> => shop.write({ "data/items.csv": `${shopFiles["data/items.csv"]}${row}\n` });

describe("batches", () => {
  test("that no table reads are listed, then removed; what is published is not touched", async () => {
    await run();
    const first = batches().filter((path) => path.includes("/items/"));
    expect(names(await clean(), "remove")).toEqual([]);
    await moreItems("3,pear,2.25");
    await run();
    const before = await tableHashes(shop.folder);
    const dry = await clean("--dry-run");
    expect(dry).toMatchObject({ dry_run: true });
    expect(names(dry, "remove")).toEqual(first.map((path) => `batch ${path}`));
    expect(dry.bytes).toBeGreaterThan(100);
    expect(dry.items[0]?.because).toBe("no table reads it, and older than 0 s");
    expect(batches()).toHaveLength(4);
    expect(await clean()).toMatchObject({ dry_run: false, items: dry.items, bytes: dry.bytes });
    expect(batches()).toHaveLength(3);
    expect(batches()).not.toContain(first[0]);
    expect(await tableHashes(shop.folder)).toEqual(before);
    expect(stepsRun(await run())).toEqual([]);
    expect((await shop.assay(["clean"])).stdout).toBe("○ nothing to remove\n");
  });

  test("stay as long as the project keeps them, which is 90 days unless it says otherwise", async () => {
    await run();
    await moreItems("3,pear,2.25");
    await run();
    for (const keep of ["", 'batches: "forever"']) {
      await shop.write(config(keep));
      expect((await clean()).items).toEqual([]);
    }
    expect(batches()).toHaveLength(4);
  });

  test("stay when one of their files still counts", async () => {
    await shop.write({
      "sources/events.ts": `import { bronze, csv, t } from "assay";
export const events = bronze("events", { from: csv("data/events-*.csv"), columns: { id: t.integer() }, partitionBy: { half: "id % 2" } });
`,
      "data/events-1.csv": "id\n1\n",
      "data/events-2.csv": "id\n2\n3\n",
    });
    await run();
    await shop.write({ "data/events-1.csv": "id\n4\n" });
    await run();
    expect((await clean()).items).toEqual([]);
    expect(await shop.query("from bronze.events order by id")).toEqual([{ id: 2 }, { id: 3 }, { id: 4 }]);
    await shop.write({ "data/events-2.csv": "id\n5\n" });
    await run();
    expect(names(await clean(), "remove")).toHaveLength(1);
    expect(await shop.query("from bronze.events order by id")).toEqual([{ id: 4 }, { id: 5 }]);
  });

  test("of a run that is on no record stay, and are shown", async () => {
    await run();
    const foreign = "bronze/items/dt=2020-01-01/run_id=20200101T000000Z-aaaaaa";
    await shop.write({ [`lake/${foreign}/manifest.json`]: "{}", [`lake/${foreign}/file_00001.parquet`]: "x" });
    expect(names(await clean(), "keep")).toEqual([`batch ${foreign}`]);
    expect(existsSync(join(shop.folder, "lake", foreign))).toBe(true);
    // The database is lost: what the lake holds is all there is.
    await shop.remove("warehouse.duckdb");
    expect(names(await clean(), "keep")).toHaveLength(4);
    expect(existsSync(join(shop.folder, "warehouse.duckdb"))).toBe(false);
    expect(batches()).toHaveLength(4);
  });

  test("of another environment stay", async () => {
    await shop.write(config('batches: "0 s"', 'dev: { engine: duckdb("./warehouse.duckdb") }, pro: { engine: duckdb("./pro.duckdb") }'));
    await run();
    await run("--env", "pro");
    await moreItems("3,pear,2.25");
    await run();
    // What pro reads is not dev's to judge.
    expect(names(await clean("--dry-run"), "remove")).toHaveLength(1);
    expect(names(await clean(), "remove")).toHaveLength(1);
    expect(batches()).toHaveLength(6);
    expect((await shop.json<{ rows: unknown }>(["query", "select count(*) from bronze.items", "--env", "pro"])).rows).toEqual([["4"]]);
    await moreItems("3,pear,9.99");
    await run();
    const instance = await DuckDBInstance.create(join(shop.folder, "pro.duckdb"));
    try {
      const left = await clean();
      expect(names(left, "remove")).toEqual([]);
      expect(left.items).toMatchObject([{ action: "keep", because: expect.stringMatching(/^environment pro.*is in use by/) }]);
      expect(batches()).toHaveLength(7);
      for (const args of [[], ["--dry-run"]]) {
        expect(await shop.json<Refused>(["clean", "--env", "pro", ...args])).toMatchObject({ error: { code: "PROJECT_LOCKED" } });
      }
    } finally {
      instance.closeSync();
    }
    expect(names(await clean(), "remove")).toHaveLength(1);
  });
});

describe("logs, scratch files and records", () => {
  test("go when they are older than they are kept; the runs of what is published stay", async () => {
    await shop.write(config('logs: "0 s", runs: "0 s"'));
    await run();
    for (const row of ["3,a,1", "3,b,1", "3,c,1"]) {
      await moreItems(row);
      await run();
    }
    await shop.write({ ".assay/scratch/20200101T000000Z-aaaaaa/part.csv": "left" });
    const { items } = await clean();
    expect(items.filter((item) => item.kind === "log")).toHaveLength(4);
    expect(items.filter((item) => item.kind === "scratch")).toMatchObject([{ name: "20200101T000000Z-aaaaaa", bytes: 4 }]);
    // The lake still holds a batch of every run.
    expect(items.filter((item) => item.kind === "runs")).toEqual([]);
    expect(logs()).toEqual([]);
    expect(readdirSync(join(shop.folder, ".assay", "scratch"))).toEqual([]);
    await shop.write(config('batches: "0 s", runs: "0 s"'));
    expect(names(await clean(), "remove")).toHaveLength(3);
    expect((await clean()).items).toMatchObject([{ kind: "runs", rows: 2 }]);
    const { runs } = await shop.json<{ runs: readonly { run_id: string }[] }>(["runs"]);
    expect(runs).toHaveLength(2);
    for (const { run_id } of runs) expect((await shop.json<RunResult>(["runs", "show", run_id])).steps.length).toBeGreaterThan(0);
    expect(await shop.query("select count(*) as n from assay.checks where run_id not in (select run_id from assay.runs)")).toEqual([
      { n: "0" },
    ]);
    expect(stepsRun(await run())).toEqual([]);
  });
});

describe("row changes", () => {
  const daily =
    "/*\ngrain: [day]\nmaterialize: { incremental: { by: [day] } }\n*/\nselect day, count(*) as n from bronze.orders group by day\n";
  // Many days, so that a refresh of one is cheaper than a build of all.
  const others = Array.from(
    { length: 300 },
    (_, index) => `${index + 100},${new Date(index * 86_400_000).toISOString().slice(0, 10)}\n`,
  ).join("");
  const moreOrders = (rows: string): Promise<void> => shop.write({ "data/orders.csv": `${shopFiles["data/orders.csv"]}${others}${rows}` });
  const contents = (name: string) => shop.query(`select day, n from gold.${name} where day > '2020-01-01' order by day`);

  test("go when they are consumed; a model that comes back after that is built from the whole table", async () => {
    await shop.write({ ...config('changes: "0 s"'), "models/gold/one.sql": daily, "models/gold/two.sql": daily });
    await moreOrders("");
    await run();
    await moreOrders("4,2026-01-02\n");
    expect((await run()).steps.find((step) => step.step === "build gold.two")?.touched).toMatchObject({ values: 1 });
    await shop.remove("models/gold/two.sql");
    await moreOrders("4,2026-01-02\n5,2026-01-01\n");
    await run();
    const { items } = await clean();
    expect(items.filter((item) => item.action === "remove")).toMatchObject([
      { kind: "changes", name: "row changes of bronze.orders", rows: 2 },
    ]);
    expect(items.filter((item) => item.action === "keep")).toMatchObject([{ name: "gold.two" }]);
    expect(await shop.query('select count(*) as n from assay_changes."bronze.orders"')).toEqual([{ n: "0" }]);
    // Its last version is from before what is gone now.
    await shop.write({ "models/gold/two.sql": daily });
    await moreOrders("4,2026-01-02\n5,2026-01-01\n6,2026-01-03\n");
    const steps = (await run()).steps;
    expect(steps.find((step) => step.step === "build gold.one")?.touched).toMatchObject({ values: 1 });
    expect(steps.find((step) => step.step === "build gold.two")).toMatchObject({ touched: null });
    expect(await contents("two")).toEqual(await contents("one"));
    expect(await contents("one")).toEqual([
      { day: "2026-01-01", n: "3" },
      { day: "2026-01-02", n: "2" },
      { day: "2026-01-03", n: "1" },
    ]);
  });
});

describe("tables the project no longer declares", () => {
  test("are shown, and removed with --tables only; one that a published table was made from waits", async () => {
    await run();
    await shop.remove("models/gold/shops.sql");
    await shop.remove("models/gold/by_product.sql");
    const dry = await clean();
    expect(names(dry, "keep").toSorted()).toEqual(["table gold.by_product", "table gold.shops"]);
    expect(dry.items[0]?.because).toContain("--tables removes it");
    expect(await shop.query("select count(*) as n from gold.shops")).toEqual([{ n: "2" }]);
    // silver.sales is renamed, and by_day has not been built from the new one yet.
    await shop.remove("models/silver/sales.ts");
    await shop.write({
      "models/silver/sold.ts": (shopFiles["models/silver/sales.ts"] ?? "").replace("silver.sales", "silver.sold"),
      "models/gold/by-day.ts": (shopFiles["models/gold/by-day.ts"] ?? "").replace("silver/sales.ts", "silver/sold.ts"),
    });
    const first = await clean("--tables");
    expect(names(first, "remove").toSorted()).toEqual(["table gold.by_product", "table gold.shops"]);
    expect(first.items.find((item) => item.action === "keep")).toMatchObject({
      name: "silver.sales",
      because: expect.stringContaining("gold.by_day was made from it: run first"),
    });
    expect((await shop.assay(["query", "from gold.shops"])).code).toBe(1);
    await run();
    expect(names(await clean("--tables"), "remove")).toEqual(["table silver.sales"]);
    expect(await shop.query("select subject from assay.publications order by 1")).toEqual(
      ["bronze.items", "bronze.orders", "bronze.shops", "gold.by_day", "silver.sold"].map((subject) => ({ subject })),
    );
    expect(stepsRun(await run())).toEqual([]);
  });
});

test("a clean killed at any moment leaves nothing broken, and the next one finds the rest", async () => {
  await run();
  for (const row of ["3,a,1", "3,b,1", "3,c,1", "3,d,1"]) {
    await moreItems(row);
    await run();
  }
  const before = await tableHashes(shop.folder);
  for (const milliseconds of [250, 350, 450]) {
    const command = shop.start(["clean"]);
    const timer = setTimeout(command.kill, milliseconds);
    await command.exited;
    clearTimeout(timer);
    expect(await tableHashes(shop.folder)).toEqual(before);
  }
  await clean();
  expect(batches()).toHaveLength(3);
  expect(stepsRun(await run())).toEqual([]);
});

test.each([
  ['batches: "3 moons"', 'keep.batches is "3 moons", no duration'],
  ['logs: "3 months"', 'keep.logs is "3 months", no duration'],
  ["changes: 30", "keep.changes is 30, no duration"],
  ['batch: "3 days"', "keep has no batch; did you mean batches?"],
])("keep: { %s } is refused", async (keep, message) => {
  await shop.write(config(keep));
  const { error } = await shop.json<Refused>(["clean", "--dry-run"]);
  expect(error.code).toBe("PROJECT_INVALID");
  expect(error.message).toContain(message);
});
