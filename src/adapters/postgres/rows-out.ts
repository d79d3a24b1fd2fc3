import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { columnList, quoteIdentifier } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { Session } from "../../ports/engine.ts";
import type { SinkRows, SinkTable } from "../../ports/sink.ts";
import type { TableName } from "../../terms.ts";
import { fingerprintSql } from "./sql.ts";

/** Copies a column's values into a temporary table of the session's embedded DuckDB. */
export async function lendValues(session: Session, table: TableName, column: string, scratch: string): Promise<string> {
  const { files } = session;
  const [described] = await session.describe(`select ${quoteIdentifier(column)} from ${session.sql.table(table)}`);
  const relation = quoteIdentifier(`${column} of ${table}`);
  const folder = await mkdtemp(join(scratch, "lend-"));
  try {
    const file = join(folder, "values.csv");
    const values = `select distinct ${quoteIdentifier(column)} from ${session.sql.table(table)} where ${quoteIdentifier(column)} is not null`;
    await session.copyOut(values, file);
    await files.execute({ text: `create or replace temp table ${relation} (${quoteIdentifier(column)} ${described?.type ?? "VARCHAR"})` });
    await files.copyIn(relation, [column], file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return relation;
}

/** A published table's rows as a sink takes them. Both methods use the session, one after the other. */
export function sinkRows(session: Session, name: TableName, columns: readonly ContractColumn[]): SinkRows {
  const parts = splitTable(name);
  const table: SinkTable = {
    schema: session.sql.schema(parts.schema),
    table: parts.name,
    description: null,
    columns,
    primaryKey: [],
    indexes: {},
  };
  return {
    exportCsv: async (folder) => {
      const file = join(folder, "rows.csv");
      await session.copyOut(`select ${columnList(columns.map((column) => column.name))} from ${session.sql.table(name)}`, file);
      return [file];
    },
    fingerprint: async () => {
      const [row] = await session.query({ text: fingerprintSql(table, table.table) });
      return { rows: Number(row?.rows), checksum: String(row?.checksum) };
    },
  };
}
