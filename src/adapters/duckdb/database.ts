import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { AssayError, messageOf } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import { createDatabase } from "./create-database.ts";
import { openFault } from "./errors.ts";
import { openSession } from "./session.ts";

/** An open DuckDB database: a file, or memory only. */
export interface Database {
  session(): Promise<Session>;
  close(): void;
}

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  /** Folder for what does not fit into memory. */
  readonly scratch?: string;
}

/** Thrown when another process has the database file open for writing. */
export class DatabaseLocked extends Error {
  readonly processId: number | null;
  constructor(message: string) {
    super(message);
    const match = /PID (\d+)/.exec(message);
    this.processId = match === null ? null : Number(match[1]);
  }
}

const settings = {
  // The embedded default never downloads code.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
} as const;

export async function memoryDatabase(): Promise<Database> {
  return databaseOf(await DuckDBInstance.create(":memory:", { ...settings, threads: "1" }));
}

/** Opens a database file, creating it and its folder unless read only. Throws {@link DatabaseLocked}, STORAGE_UNWRITABLE, DATABASE_DAMAGED. */
export async function fileDatabase(path: string, options: DatabaseOptions = {}): Promise<Database> {
  try {
    if (options.readOnly !== true) {
      mkdirSync(dirname(path), { recursive: true });
      await createDatabase(path);
    }
    const instance = await DuckDBInstance.create(path, {
      ...settings,
      access_mode: options.readOnly === true ? "READ_ONLY" : "READ_WRITE",
      temp_directory: options.scratch ?? join(dirname(path), ".assay", "scratch"),
    });
    return databaseOf(instance);
  } catch (error) {
    if (/could not set lock on file|conflicting lock/i.test(messageOf(error))) throw new DatabaseLocked(messageOf(error));
    const fault = openFault(error);
    if (fault !== null) throw new AssayError(fault.code, `cannot open the database ${path}: ${fault.message}`, { hint: fault.hint ?? "", cause: error });
    throw error;
  }
}

function databaseOf(instance: DuckDBInstance): Database {
  return { session: () => openSession(instance), close: () => instance.closeSync() };
}
