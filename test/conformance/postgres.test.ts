import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { postgresEngine } from "../../src/adapters/postgres/engine.ts";
import { postgresStateStore } from "../../src/adapters/postgres/state-store.ts";
import type { Manifest, ManifestTable } from "../../src/compile/manifest.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { engineConformance } from "./engine.ts";

let server: PostgresServer;
let databases = 0;
const scratch = mkdtempSync(join(tmpdir(), "assay-engine-"));

beforeAll(async () => {
  // What a crash of the server leaves on disk is not the subject here; without fsync tests are faster.
  server = await startPostgres({ settings: { fsync: "off", max_connections: "40" } });
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** Runs a statement as the superuser. */
async function administer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(text);
  await client.end();
}

/** The models' SQL as it is, but for a cast that only DuckDB has. What DuckDB's printer has written is DuckDB's alone: reads are not restricted. */
function asWritten(manifest: Manifest): Manifest {
  const tables = manifest.tables.map((table): ManifestTable => {
    if (table.kind !== "model") return table;
    const incremental = table.incremental === null ? null : { ...table.incremental, spliced: null };
    return { ...table, select: table.select.replaceAll("try_cast(", "cast("), incremental };
  });
  return { ...manifest, tables };
}

engineConformance("PostgreSQL", async () => {
  databases += 1;
  const name = `world_${databases}`;
  await administer(`create database ${name}`);
  const url = server.url.replace(/warehouse$/, name);
  const lake = await memoryDatabase();
  return {
    engine: postgresEngine({ url, schemaPrefix: null, files: () => lake.session(), scratch }),
    store: postgresStateStore(),
    translate: asWritten,
    close: async () => {
      lake.close();
      await administer(`drop database ${name} with (force)`);
    },
  };
});
