import { readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import type { RowChanges, RunResult } from "../../src/terms.ts";
import type { OpenedEngine } from "../conformance/world.ts";
import { type PostgresEngines, startPostgresEngines } from "../services/postgres-engine.ts";
import { type ExampleWorld, openExample } from "../support/example-world.ts";
import { copiedForex, corrected, correctedChanges, needRealForex, realForex } from "../support/forex-data.ts";
import { generatedOlist } from "../support/olist-data.ts";
import { stepOf, stepsRun } from "../support/run-document.ts";

let server: PostgresEngines;

beforeAll(async () => {
  // A collation and a time zone that are not DuckDB's: what depends on the server's would differ.
  server = await startPostgresEngines({
    settings: { fsync: "off", timezone: "America/New_York" },
    initdb: ["--locale-provider=icu", "--icu-locale=en-US", "--locale=C"],
  });
}, 120_000);
afterAll(() => server?.stop());

async function onDuckdb(): Promise<OpenedEngine> {
  const database = await memoryDatabase();
  return { engine: duckdbEngine(database), store: duckdbStateStore(), close: () => database.close() };
}

const failures = (result: RunResult): readonly string[] =>
  result.steps.flatMap((step) => (step.error === null ? [] : [`${step.step}: ${step.error.message}`]));

const changesOf = (result: RunResult): Readonly<Record<string, RowChanges | null>> =>
  Object.fromEntries(result.steps.filter((step) => step.status === "succeeded").map((step) => [step.table, step.changes]));

describe("forex transactions on PostgreSQL", () => {
  let data: string;
  let duckdb: ExampleWorld;
  let postgres: ExampleWorld;
  let first: RunResult;

  beforeAll(async () => {
    if (realForex === null) return;
    data = await copiedForex(realForex);
    duckdb = await openExample("forex-transactions", data, onDuckdb);
    postgres = await openExample("forex-transactions", data, server.open);
    expect(failures(await duckdb.run())).toEqual([]);
    first = await postgres.run();
  }, 120_000);
  afterAll(async () => {
    await duckdb?.close();
    await postgres?.close();
    if (data !== undefined) await rm(data, { recursive: true, force: true });
  });

  test("has the same tables as on DuckDB", async (context) => {
    needRealForex(context);
    expect(failures(first)).toEqual([]);
    const found = await postgres.hashes();
    expect(found).toEqual(await duckdb.hashes());
    expect(found["gold.date_dim"]).toMatch(/^11324 rows/);
    expect(found["gold.transaction_fct"]).toMatch(/^100 rows/);
    expect(first.steps.flatMap((step) => step.conserved.filter((measure) => !measure.agrees))).toEqual([]);
    const revenue = stepOf(first, "build gold.transaction_fct").conserved.find((measure) => measure.column === "revenue");
    expect(revenue).toMatchObject({ total: "46411.29", measure: "quantity * price" });
    const warned = stepOf(first, "build silver.transaction").checks.filter((check) => check.status === "warned");
    expect(warned).toMatchObject([
      { failures: 3, message: expect.stringContaining("date_order_is_certain: not date_is_ambiguous does not hold") },
    ]);
  });

  test("runs nothing for the same file, and exactly the corrections for a corrected one", { timeout: 120_000 }, async (context) => {
    const path = needRealForex(context);
    const before = await postgres.hashes();
    expect(stepsRun(await postgres.run())).toEqual([]);
    await utimes(join(data, "customer_transactions.csv"), new Date(), new Date());
    expect(stepsRun(await postgres.run())).toEqual([]);
    expect(await postgres.hashes()).toEqual(before);
    await writeFile(join(data, "customer_transactions.csv"), corrected(await readFile(path, "utf8")));
    const runs = [await duckdb.run(), await postgres.run()];
    expect(runs.map(failures)).toEqual([[], []]);
    for (const run of runs) {
      const told = changesOf(run);
      for (const [table, change] of Object.entries(told)) if (change !== null) expect(change, table).toEqual(correctedChanges[table]);
      expect(told["silver.transaction"]).toEqual(correctedChanges["silver.transaction"]);
      expect(stepOf(run, "build silver.transaction").touched).not.toBeNull();
    }
    expect(await postgres.hashes()).toEqual(await duckdb.hashes());
  });

  test("reads words, days and names as on DuckDB, whatever they are", async (context) => {
    needRealForex(context);
    expect(await postgres.rows("silver.transaction")).toEqual(await duckdb.rows("silver.transaction"));
  });
});

describe("Nova Retail on PostgreSQL", () => {
  let data: string;
  let duckdb: ExampleWorld;
  let postgres: ExampleWorld;

  beforeAll(async () => {
    data = await generatedOlist(3000);
    duckdb = await openExample("nova-retail", data, onDuckdb);
    postgres = await openExample("nova-retail", data, server.open);
  }, 120_000);
  afterAll(async () => {
    await duckdb?.close();
    await postgres?.close();
    if (data !== undefined) await rm(data, { recursive: true, force: true });
  });

  test("has the same tables as on DuckDB, after corrections too", { timeout: 300_000 }, async () => {
    const params = { scale_data: false, scale_multiplier: 2 };
    expect(failures(await duckdb.run(params))).toEqual([]);
    expect(failures(await postgres.run(params))).toEqual([]);
    const before = await postgres.hashes();
    expect(before).toEqual(await duckdb.hashes());
    expect(stepsRun(await postgres.run(params))).toEqual([]);
    // Other amounts, and rows that go.
    const file = join(data, "olist_order_payments_dataset.csv");
    const [header = "", ...lines] = (await readFile(file, "utf8")).trimEnd().split("\n");
    const changed = lines.flatMap((line, index) => (index % 97 === 0 ? [] : [index % 89 === 0 ? line.replace(/[0-9.]+$/, "12.34") : line]));
    await writeFile(file, `${[header, ...changed].join("\n")}\n`);
    expect(failures(await duckdb.run(params))).toEqual([]);
    const again = await postgres.run(params);
    expect(failures(again)).toEqual([]);
    expect(again.steps.filter((step) => step.touched !== null).map((step) => step.table)).toContain("gold.fact_order_payments");
    const after = await postgres.hashes();
    expect(after).toEqual(await duckdb.hashes());
    expect(after["gold.fact_order_payments"]).not.toBe(before["gold.fact_order_payments"]);
  });
});
