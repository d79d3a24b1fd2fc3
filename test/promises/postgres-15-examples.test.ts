import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Params } from "../../src/terms.ts";
import type { OpenedEngine } from "../conformance/world.ts";
import { type PostgresEngines, startPostgresEngines } from "../services/postgres-engine.ts";
import { openExample } from "../support/example-world.ts";
import { copiedForex, corrected, needRealForex } from "../support/forex-data.ts";
import { generatedOlist } from "../support/olist-data.ts";

let server: PostgresEngines;

beforeAll(async () => {
  server = await startPostgresEngines({ version: 15, settings: { fsync: "off" } });
}, 120_000);
afterAll(() => server?.stop());

async function onDuckdb(): Promise<OpenedEngine> {
  const database = await memoryDatabase();
  return { engine: duckdbEngine(database), store: duckdbStateStore(), close: () => database.close() };
}

/** Both engines run the example, on its files and on corrected ones; after each their tables are the same. */
async function expectSame(name: string, data: string, params: Params, correct: () => Promise<void>): Promise<void> {
  const worlds = [await openExample(name, data, onDuckdb), await openExample(name, data, server.open)];
  try {
    for (const change of [null, correct]) {
      await change?.();
      for (const world of worlds) {
        const { steps } = await world.run(params);
        expect(steps.flatMap(({ step, error }) => (error === null ? [] : [`${step}: ${error.message}`]))).toEqual([]);
      }
      const [duckdb, postgres] = [await worlds[0]?.hashes(), await worlds[1]?.hashes()];
      expect(postgres).toEqual(duckdb);
    }
  } finally {
    for (const world of worlds) await world.close();
    await rm(data, { recursive: true, force: true });
  }
}

test("forex transactions: the tables of DuckDB", { timeout: 180_000 }, async (context) => {
  const path = needRealForex(context);
  const data = await copiedForex(path);
  const text = await readFile(path, "utf8");
  await expectSame("forex-transactions", data, {}, () => writeFile(join(data, "customer_transactions.csv"), corrected(text)));
});

test("Nova Retail: the tables of DuckDB", { timeout: 180_000 }, async () => {
  const data = await generatedOlist(1000);
  await expectSame("nova-retail", data, { scale_data: false, scale_multiplier: 2 }, async () => {
    const file = join(data, "olist_order_payments_dataset.csv");
    const [header = "", ...lines] = (await readFile(file, "utf8")).trimEnd().split("\n");
    await writeFile(file, `${[header, ...lines.filter((_, index) => index % 97 > 0)].join("\n")}\n`);
  });
});
