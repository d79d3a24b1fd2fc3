import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { engineConformance } from "./engine.ts";

engineConformance("DuckDB", async () => {
  const database = await memoryDatabase();
  return { engine: duckdbEngine(database), store: duckdbStateStore(), close: () => database.close() };
});
