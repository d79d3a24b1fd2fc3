import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import type { TestProject } from "../support/project.ts";
import { stepOf } from "../support/run-document.ts";
import { makeShop, shopFile, shopFiles } from "../support/shop-project.ts";
import { batchFolders, tableHashes, warehouseState } from "../support/warehouse-state.ts";

const onlyRome = (severity: string): Readonly<Record<string, string>> =>
  shopFile(
    "models/gold/shops.sql",
    "tags:",
    `checks:\n  - accepted_values: { column: city, values: [Rome], severity: ${severity} }\ntags:`,
  );
const cheap = shopFile(
  "models/silver/sales.ts",
  'grain: ["order_id"',
  'checks: [check.between("price", { max: 1.75 })],\n  grain: ["order_id"',
);
const withCheck = { "models/silver/sales.ts": (cheap["models/silver/sales.ts"] ?? "").replace("import { model", "import { check, model") };

let shop: TestProject;
let before: Readonly<Record<string, string>>;
beforeEach(async () => {
  shop = await makeShop();
  expect((await shop.assay(["run"])).code).toBe(0);
  before = await tableHashes(shop.folder);
});
afterEach(() => shop.remove());

test("a check that fails keeps the old table, skips what reads it and lets the rest go on", async () => {
  await shop.write({ ...withCheck, "data/shops.csv": `${shopFiles["data/shops.csv"]}3,Bonn\n` });
  const { code, stdout } = await shop.assay(["run", "--json"]);
  expect(code).toBe(1);
  const run = JSON.parse(stdout) as RunResult;
  const failed = stepOf(run, "build silver.sales");
  expect(failed).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED" } });
  expect(failed.checks.filter((check) => check.status === "failed")).toMatchObject([{ check: "between", column: "price", failures: 1 }]);
  for (const name of ["build gold.by_day", "build gold.by_product"]) {
    expect(stepOf(run, name)).toMatchObject({ status: "skipped", reason: "build silver.sales did not succeed" });
  }
  expect(stepOf(run, "build gold.shops")).toMatchObject({ status: "succeeded", rows_out: 3 });
  const after = await tableHashes(shop.folder);
  for (const name of ["silver.sales", "gold.by_day", "gold.by_product"]) expect(after[name], name).toBe(before[name]);
  expect(after["gold.shops"]).not.toBe(before["gold.shops"]);
  expect((await warehouseState(shop.folder)).residue).toEqual([]);
});

test("a check of severity warn is reported and publishes", async () => {
  await shop.write({ ...onlyRome("warn"), "data/shops.csv": `${shopFiles["data/shops.csv"]}3,Bonn\n` });
  const run = await shop.json<RunResult>(["run"]);
  expect(run.status).toBe("succeeded");
  const step = stepOf(run, "build gold.shops");
  expect(step.checks.find((check) => check.check === "accepted_values")).toMatchObject({ status: "warned", severity: "warn", failures: 2 });
  expect(await shop.query("select count(*) as n from gold.shops")).toEqual([{ n: "3" }]);
});

test("a check that fails on bronze keeps the old view and removes the new batch", async () => {
  const folders = batchFolders(shop.folder);
  await shop.write({ "data/items.csv": `${shopFiles["data/items.csv"]}3,apple,-1.00\n` });
  const { code, stdout } = await shop.assay(["run", "--json"]);
  expect(code).toBe(1);
  const run = JSON.parse(stdout) as RunResult;
  expect(stepOf(run, "ingest bronze.items")).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED" } });
  expect(stepOf(run, "build silver.sales")).toMatchObject({ status: "skipped", reason: "ingest bronze.items did not succeed" });
  expect(await tableHashes(shop.folder)).toEqual(before);
  expect(batchFolders(shop.folder)).toEqual(folders);
  // Put right, it goes through.
  await shop.write({ "data/items.csv": `${shopFiles["data/items.csv"]}3,apple,1.00\n` });
  expect((await shop.json<RunResult>(["run"])).status).toBe("succeeded");
  expect(await shop.query("select count(*) as n from silver.sales")).toEqual([{ n: "5" }]);
  expect((await warehouseState(shop.folder)).residue).toEqual([]);
});

test("the key of a bronze table is a check like any other", async () => {
  await shop.write({ "data/orders.csv": `${shopFiles["data/orders.csv"]}3,2026-01-04\n` });
  const run = await shop.json<RunResult>(["run"]);
  expect(stepOf(run, "ingest bronze.orders").error?.message).toMatch(/order_id = 3 2 times/);
  expect(await tableHashes(shop.folder)).toEqual(before);
});

test("rows that do not fit go to quarantine and are part of the balance", async () => {
  await shop.write({ "data/items.csv": `${shopFiles["data/items.csv"]}3,apple,cheap\n` });
  const run = await shop.json<RunResult>(["run"]);
  expect(run.status).toBe("succeeded");
  expect(stepOf(run, "ingest bronze.items")).toMatchObject({ rows_in: 5, rows_out: 4, quarantined: 1, removed: 0 });
  const { rows } = await shop.json<{ rows: readonly unknown[] }>(["quarantine", "show"]);
  expect(rows).toMatchObject([{ table: "bronze.items", row_number: 6, column: "price", reason: "type", raw: "3,apple,cheap" }]);
});
