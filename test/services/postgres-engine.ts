import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { polyglotTranspiler } from "../../src/adapters/polyglot/transpiler.ts";
import { postgresEngine } from "../../src/adapters/postgres/engine.ts";
import { postgresStateStore } from "../../src/adapters/postgres/state-store.ts";
import { engineManifest } from "../../src/compile/dialect/engine-manifest.ts";
import { postgresDialect } from "../../src/compile/dialect/postgres-dialect.ts";
import { functionSchema } from "../../src/ports/project-function.ts";
import type { OpenedEngine } from "../conformance/world.ts";
import { type PostgresOptions, startPostgres } from "./postgres.ts";

/** A server on which worlds open a database each. */
export interface PostgresEngines {
  readonly open: () => Promise<OpenedEngine>;
  readonly stop: () => Promise<void>;
}

const transpiler = polyglotTranspiler();

export async function startPostgresEngines(options: PostgresOptions): Promise<PostgresEngines> {
  const server = await startPostgres(options);
  const scratch = await mkdtemp(join(tmpdir(), "assay-engine-"));
  return {
    open: async () => {
      const { name, url } = await server.createDatabase("world");
      const lake = await memoryDatabase();
      return {
        engine: postgresEngine({ url, files: () => lake.session(), schemaPrefix: null, scratch }),
        store: postgresStateStore(),
        translate: (manifest, project, analyzer) =>
          engineManifest(manifest, project, { dialect: postgresDialect(analyzer, transpiler), relations: new Map(), functionSchema }),
        close: async () => {
          lake.close();
          await server.dropDatabase(name);
        },
      };
    },
    stop: async () => {
      await server.stop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
