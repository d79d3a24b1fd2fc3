import { quoteIdentifier, quoteTable } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import { opsSchema } from "../sql/ops-views.ts";
import { platformSchemas, queueSchema } from "./platform-schemas.ts";

export interface GrantsWanted {
  readonly database: string;
  /** Who runs Assay. */
  readonly role: string;
  /** Who reads silver and gold tables, and how runs went. */
  readonly readers: readonly string[];
}

/**
 * The rights that a role needs to run an environment, and no more: schemas are made for it, what it makes in them is its own. Readers get what
 * is there and what will be made. For somebody who owns the database.
 */
export function grantStatements(sql: EngineSql, { database, role, readers }: GrantsWanted): readonly string[] {
  const to = quoteIdentifier(role);
  const schemas = [...platformSchemas, queueSchema].map((name) => quoteIdentifier(sql.schema(name)));
  return [
    `grant connect, temporary on database ${quoteIdentifier(database)} to ${to}`,
    ...schemas.map((schema) => `create schema if not exists ${schema}`),
    ...schemas.map((schema) => `grant usage, create on schema ${schema} to ${to}`),
    ...readers.flatMap((reader) => readerStatements(sql, database, role, reader)),
  ];
}

function readerStatements(sql: EngineSql, database: string, role: string, reader: string): readonly string[] {
  const to = quoteIdentifier(reader);
  return [
    `grant connect on database ${quoteIdentifier(database)} to ${to}`,
    ...["silver", "gold", opsSchema].flatMap((layer) => {
      const schema = quoteIdentifier(sql.schema(layer));
      return [
        `grant usage on schema ${schema} to ${to}`,
        `grant select on all tables in schema ${schema} to ${to}`,
        `alter default privileges for role ${quoteIdentifier(role)} in schema ${schema} grant select on tables to ${to}`,
      ];
    }),
  ];
}

/** The rights that reading a table of another database needs. `table` is `schema.table`. */
export function tableGrants({ database, role, table }: { readonly database: string; readonly role: string; readonly table: string }) {
  const to = quoteIdentifier(role);
  const { schema } = splitTable(table);
  return [
    `grant connect on database ${quoteIdentifier(database)} to ${to}`,
    `grant usage on schema ${quoteIdentifier(schema)} to ${to}`,
    `grant select on table ${quoteTable(table)} to ${to}`,
  ];
}
