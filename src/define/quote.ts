/** Quoting shared by DuckDB and PostgreSQL (SQL standard): the only way names and literals enter SQL text. */

import { splitTable } from "./split-table.ts";

/** `"name"`, always quoted. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`. PostgreSQL and DuckDB both take backslashes as they are in this form. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function quoteValue(value: string | number | boolean): string {
  return typeof value === "string" ? quoteText(value) : String(value);
}

/** `"layer"."name"` from a layer-qualified name. */
export function quoteTable(table: string): string {
  const { schema, name } = splitTable(table);
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

export function columnList(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(", ");
}
