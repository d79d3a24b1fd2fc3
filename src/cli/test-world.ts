import { join } from "node:path";
import { duckdbEngine } from "../adapters/duckdb/engine.ts";
import { fixTime, type TestDatabases } from "../adapters/duckdb/test-databases.ts";
import { fileSource } from "../adapters/files/index.ts";
import { localLake } from "../adapters/files/lake.ts";
import { memoryRunStore } from "../adapters/memory/run-store.ts";
import type { Text } from "../define/env.ts";
import type { TestWorld } from "../execute/model-test/test-world.ts";
import type { Location } from "../terms.ts";

/** What one test runs in: an empty database, and a folder of its own for what has to be a file. */
export async function testWorld(
  databases: TestDatabases,
  folder: string,
  directoryOf: (place: Text | null, location: Location) => string,
): Promise<TestWorld> {
  const source = fileSource(Date.now);
  return {
    engine: duckdbEngine(await databases.next()),
    ...memoryRunStore(),
    lake: localLake(join(folder, "lake")),
    scratch: join(folder, "scratch"),
    source,
    listSeed: async (table) =>
      table.source.kind === "postgres"
        ? []
        : source.list(table.source, directoryOf(table.source.directory, table.location), new Map(), table.columns),
    fixTime,
    clock: Date.now,
  };
}
