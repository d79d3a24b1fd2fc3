import { statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { duckdbContents, removeStatements } from "../../adapters/duckdb/contents.ts";
import { type Database, DatabaseLocked, type DatabaseOptions, fileDatabase } from "../../adapters/duckdb/database.ts";
import { duckdbEngine, duckdbHashes } from "../../adapters/duckdb/engine.ts";
import { requireSelect } from "../../adapters/duckdb/require-select.ts";
import { duckdbSql } from "../../adapters/duckdb/sql.ts";
import { duckdbRetentionStore, duckdbStateStore, duckdbVerificationStore } from "../../adapters/duckdb/state-store.ts";
import { storedIn } from "../../adapters/duckdb/stored-in.ts";
import { AssayError, messageOf } from "../../errors.ts";
import { withSession } from "../../execute/with-session.ts";
import type { Warehouse, WarehouseContents } from "../../ports/warehouse.ts";
import { lockedError, releaseOwner, writeOwner } from "./owner.ts";

/** A database file. One process at a time has it open for changes; `folder` is where it says so. */
export function duckdbWarehouse(path: string, folder: string): Warehouse {
  const store = duckdbStateStore();
  const open = async (options: DatabaseOptions): Promise<Database> => {
    try {
      return await fileDatabase(path, options);
    } catch (error) {
      if (error instanceof DatabaseLocked) throw lockedError(folder, path, error.processId);
      throw error;
    }
  };
  return {
    engine: "duckdb",
    place: path,
    identity: path,
    secrets: [],
    file: path,
    sql: duckdbSql,
    dialect: null,
    hashes: duckdbHashes,
    store,
    retention: duckdbRetentionStore(store),
    verifications: duckdbVerificationStore(),
    grants: null,
    shared: null,
    own: async (command, scratch) => {
      const database = await open({ scratch });
      writeOwner(folder, { pid: process.pid, command, since: new Date().toISOString() });
      let isOpen = true;
      const close = async (): Promise<void> => {
        if (!isOpen) return;
        isOpen = false;
        releaseOwner(folder);
        database.close();
      };
      const remove = async (contents: WarehouseContents): Promise<void> => {
        if (contents.kept.length === 0) {
          await close();
          for (const file of [path, `${path}.wal`]) await rm(file, { force: true });
          return;
        }
        await withSession(database, (session) =>
          session.transaction(async () => {
            for (const text of removeStatements(contents)) await session.execute({ text });
          }),
        );
      };
      return { engine: duckdbEngine(database), remove, close };
    },
    read: async (scratch, work) => {
      if (statSync(path, { throwIfNoEntry: false }) === undefined) return null;
      const database = await open({ readOnly: true, scratch });
      try {
        return await withSession(database, async (session) => ((await store.isPresent(session)) ? work(session) : null));
      } finally {
        database.close();
      }
    },
    contents: duckdbContents,
    // Nobody else can have it open for changes.
    isOwned: async () => false,
    readerOf: (other) => (other.file === null ? null : storedIn(other.file)),
    query: async (session, text) => {
      await requireSelect(session, text);
      try {
        return await session.result({ text });
      } catch (error) {
        if (error instanceof AssayError) throw error;
        const message = messageOf(error).replace(/\n\s*\n/g, "\n");
        throw new AssayError("QUERY_FAILED", message, { hint: hintFor(message), cause: error });
      }
    },
  };
}

function hintFor(message: string): string {
  if (/Table with name .* does not exist/.test(message))
    return "tables are named with their layer, e.g. gold.sales; assay check --json lists them";
  if (/No files found that match/.test(message)) return "files of the lake are gone: assay run --full-refresh reads the sources again";
  return "the query is written in DuckDB's SQL";
}
