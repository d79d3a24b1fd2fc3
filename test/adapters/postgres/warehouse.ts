import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { sinkRows } from "../../../src/adapters/duckdb/sink-rows.ts";
import { postgresSink } from "../../../src/adapters/postgres/index.ts";
import { type Patience, patient } from "../../../src/adapters/postgres/patience.ts";
import type { Columns, ContractColumn } from "../../../src/define/types.ts";
import { AssayError } from "../../../src/errors.ts";
import type { SinkLoad, SinkRows, SinkTable } from "../../../src/ports/sink.ts";
import { type PostgresServer, startPostgres } from "../../services/postgres.ts";

/** A server, an engine and a client beside the sink, for the tests of one file. */
export interface Warehouse {
  readonly server: PostgresServer;
  /** Runs a statement as the superuser. */
  sql(text: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Rows of a DuckDB relation. */
  rows(relation: string, columns: readonly ContractColumn[]): SinkRows;
  load(table: SinkTable, relation: string, options?: LoadOptions): Promise<SinkLoad>;
  /** Tables, indexes and views that are there for a load only. */
  leftovers(): Promise<readonly string[]>;
  /** After a crash of the server. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

export interface LoadOptions {
  readonly url?: string;
  readonly patience?: Partial<Patience>;
  readonly rows?: SinkRows;
}

export async function openWarehouse(): Promise<Warehouse> {
  // What a crash of the server leaves on disk is not the subject here; without fsync tests are faster.
  const server = await startPostgres({ settings: { fsync: "off" } });
  let admin = await server.connect();
  const database = await memoryDatabase();
  const session = await database.session();
  const scratch = mkdtempSync(join(tmpdir(), "assay-sink-"));
  const rows = (relation: string, columns: readonly ContractColumn[]) => sinkRows(session, relation, columns);
  return {
    server,
    sql: async (text) => (await admin.query(text)).rows,
    rows,
    load: async (table, relation, options = {}) => {
      const sink = postgresSink(options.url ?? server.url, { ...patient, ...options.patience });
      try {
        return await sink.load(table, options.rows ?? rows(relation, table.columns), scratch);
      } finally {
        await sink.close();
      }
    },
    leftovers: async () =>
      (await admin.query("select relname from pg_class where relname like '\\_assay%'")).rows.map(({ relname }) => String(relname)),
    reconnect: async () => {
      admin = await server.connect();
    },
    close: async () => {
      await admin.end();
      session.close();
      database.close();
      await server.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

function columnsOf(columns: Columns): readonly ContractColumn[] {
  return Object.entries(columns).map(([name, column]) => ({ name, ...column }));
}

export function tableOf(table: string, columns: Columns, more: Partial<SinkTable> = {}): SinkTable {
  return { schema: "gold", table, description: null, columns: columnsOf(columns), primaryKey: [], indexes: {}, ...more };
}

/** The AssayError a promise ends with; fails when it does not. */
export async function refusal(work: Promise<unknown>): Promise<AssayError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
  throw new Error("expected an AssayError");
}
