import type { DuckDBAppender, DuckDBConnection } from "@duckdb/node-api";
import { splitTable } from "../../define/split-table.ts";
import type { InsertTarget } from "../../ports/engine.ts";

/** Writes rows without a statement to parse and plan; within the connection's transaction. */
export async function appendRows(
  connection: DuckDBConnection,
  { table, columns }: InsertTarget,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  const { schema, name } = splitTable(table);
  const appender = await connection.createAppender(name, schema);
  const fields = Object.entries(columns);
  try {
    for (const row of rows) {
      for (const [column, type] of fields) append(appender, type, row[column]);
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
}

function append(appender: DuckDBAppender, type: InsertTarget["columns"][string], value: unknown): void {
  if (value === null || value === undefined) appender.appendNull();
  else if (type === "INTEGER") appender.appendInteger(Number(value));
  else if (type === "BIGINT") appender.appendBigInt(BigInt(typeof value === "number" ? Math.round(value) : String(value)));
  // Half a surrogate pair is no text for the engine.
  else appender.appendVarchar(String(value).toWellFormed());
}
