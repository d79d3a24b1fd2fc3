import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
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
  // The database is brought up to date when it is closed; at DuckDB's 16 MB it would be in the midst of a run, while steps wait to commit.
  checkpoint_threshold: "256MB",
  // In 1.5.1 to 1.5.5 it takes two readings of one join for the same though each needs other columns, and gives wrong rows without a word:
  // https://github.com/duckdb/duckdb/issues/25819
  disabled_optimizers: "common_subplan",
} as const;

/**
 * Rows of a table that are compressed, written and scanned as one piece. A quarter of DuckDB's default: tables of a retail size then fill
 * several cores, and are compressed while they are built instead of when they are committed.
 */
export const rowGroupSize = 30_720;

/** A database of its own in memory; small work, so one thread. */
export async function memoryDatabase(): Promise<Database> {
  return databaseOf(await DuckDBInstance.create(":memory:", { ...settings, threads: "1" }));
}

/** A database in memory for large work: what does not fit goes to the folder. */
export async function scratchDatabase(scratch: string): Promise<Database> {
  return databaseOf(await instanceWith(scratch));
}

/** Opens a database file, creating it and its folder unless read only. Throws {@link DatabaseLocked}, STORAGE_UNWRITABLE, DATABASE_DAMAGED. */
export function fileDatabase(path: string, options: DatabaseOptions = {}): Promise<Database> {
  return explained(path, async () => {
    if (options.readOnly !== true) mkdirSync(dirname(path), { recursive: true });
    const instance = await instanceWith(options.scratch ?? join(dirname(path), ".assay", "scratch"));
    return attached(instance, path, options.readOnly === true);
  });
}

/** Opens several database files for reading, each under a name of its own. Throws as {@link fileDatabase} does. */
export async function readDatabases(
  files: readonly { readonly name: string; readonly path: string }[],
  scratch: string,
): Promise<Database> {
  const instance = await instanceWith(scratch);
  try {
    const session = await openSession(instance);
    for (const { name, path } of files) {
      await explained(path, () => session.execute({ text: `attach ${quoteText(path)} as ${quoteIdentifier(name)} (read_only)` }));
    }
    session.close();
  } catch (error) {
    instance.closeSync();
    throw error;
  }
  return databaseOf(instance);
}

function instanceWith(scratch: string): Promise<DuckDBInstance> {
  return DuckDBInstance.create(":memory:", { ...settings, temp_directory: scratch });
}

async function explained<T>(path: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (/could not set lock on file|conflicting lock/i.test(messageOf(error))) throw new DatabaseLocked(messageOf(error));
    const fault = openFault(error);
    if (fault !== null)
      throw new AssayError(fault.code, `cannot open the database ${path}: ${fault.message}`, { hint: fault.hint ?? "", cause: error });
    throw error;
  }
}

/** A file can be given a row group size only when it is attached. */
async function attached(instance: DuckDBInstance, path: string, readOnly: boolean): Promise<Database> {
  try {
    const session = await openSession(instance);
    if (!readOnly) await createDatabase(session, path);
    const how = readOnly ? "read_only" : `row_group_size ${rowGroupSize}`;
    await session.execute({ text: `attach ${quoteText(path)} as warehouse (${how})` });
    session.close();
  } catch (error) {
    instance.closeSync();
    throw error;
  }
  return {
    session: async () => {
      const session = await openSession(instance);
      await session.execute({ text: "use warehouse" });
      return session;
    },
    close: () => instance.closeSync(),
  };
}

function databaseOf(instance: DuckDBInstance): Database {
  return { session: () => openSession(instance), close: () => instance.closeSync() };
}
