import { quoteIdentifier, quoteTable } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { Session } from "../../ports/engine.ts";
import { functionSchema } from "../../ports/project-function.ts";
import type { StoredObject, WarehouseContents } from "../../ports/warehouse.ts";
import { recordedNames } from "../sql/recorded-names.ts";
import { tableSchemas } from "../sql/state-schema.ts";

/** What the records of a database file say is there, as far as it is there. */
export async function duckdbContents(session: Session): Promise<WarehouseContents> {
  const recorded = new Set((await recordedNames(session)).map((name) => name.toLowerCase()));
  const rows = await session.query({ text: relationsSql });
  const found = rows.map((row) => ({ kind: row.kind as "table" | "view", name: String(row.name), text: String(row.text) }));
  const isOwn = ({ name }: { readonly name: string }): boolean => recorded.has(name.toLowerCase());
  const own = found.filter(isOwn);
  const others = found.filter((item) => !isOwn(item));
  const schemas = ["assay", ...tableSchemas, functionSchema];
  const macros = await session.query({ text: macrosSql, params: { schema: functionSchema } });
  const holders = (schema: string): readonly string[] =>
    others.flatMap(({ name }) => (name.startsWith(`${schema}.`) ? [name.slice(schema.length + 1)] : []));
  const existing = await session.query({
    text: "select schema_name as name from duckdb_schemas() where database_name = current_database()",
  });
  const there = schemas.filter((schema) => existing.some(({ name }) => name === schema));
  const elsewhere = others.filter(({ name }) => !schemas.some((schema) => name.startsWith(`${schema}.`)));
  return {
    objects: [
      ...own.map(({ kind, name }): StoredObject => ({ kind, name, sql: quoteTable(name) })),
      ...macros.map((row): StoredObject => ({ kind: "function", name: String(row.name), sql: quoteTable(String(row.name)) })),
      ...there
        .filter((schema) => holders(schema).length === 0)
        .map((schema): StoredObject => ({ kind: "schema", name: schema, sql: quoteIdentifier(schema) })),
    ],
    foreign: others
      .filter(({ kind, text }) => kind === "view" && own.some(({ name }) => reads(text, name)))
      .map(({ name }) => `view ${name}`),
    kept: [
      ...there.flatMap((schema) => (holders(schema).length === 0 ? [] : [`schema ${schema}: holds ${holders(schema).join(", ")}`])),
      ...(elsewhere.length === 0 ? [] : [`the database file: holds ${elsewhere.map(({ name }) => name).join(", ")}`]),
    ],
  };
}

/** Statements that take the contents away. */
export function removeStatements({ objects }: WarehouseContents): readonly string[] {
  return (["view", "table", "function", "schema"] as const).flatMap((kind) =>
    objects.filter((object) => object.kind === kind).map(({ sql }) => `drop ${kind === "function" ? "macro" : kind} ${sql}`),
  );
}

const relationsSql = `select schema_name || '.' || table_name as name, 'table' as kind, '' as text from duckdb_tables()
    where database_name = current_database() and not internal
  union all select schema_name || '.' || view_name, 'view', sql from duckdb_views()
    where database_name = current_database() and not internal order by name`;

const macrosSql = `select schema_name || '.' || function_name as name from duckdb_functions()
  where database_name = current_database() and not internal and (schema_name = $schema or contains(macro_definition, $schema || '.'))
  order by name`;

/** DuckDB does not record what a view reads: its text tells, in which names stand as DuckDB prints them. */
function reads(text: string, table: string): boolean {
  const { schema, name } = splitTable(table);
  const part = (value: string): string => `"?${value.replaceAll('"', '""').replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}"?`;
  return new RegExp(`(?<![\\w"])${part(schema)}\\.${part(name)}(?![\\w"])`, "i").test(text);
}
