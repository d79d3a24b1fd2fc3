import { createHash } from "node:crypto";
import { AssayError } from "../../errors.ts";
import type { SinkTable } from "../../ports/sink.ts";

/** PostgreSQL cuts longer names without a word, so that two could become one. */
const longest = 63;

export function primaryKeyName(table: string): string {
  return `${table}_pkey`;
}

/** Name of the table a load fills before the swap: one per target, so that a later load finds what a killed one left. */
export function stagingName(table: SinkTable): string {
  const readable = table.table
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, "_")
    .slice(0, 30);
  return `_assay_${readable}_${createHash("sha256")
    .update(JSON.stringify([table.schema, table.table]))
    .digest("hex")
    .slice(0, 12)}`;
}

/** PostgreSQL 18 shows NOT NULL as named constraints; named at once, they do not carry the staging table's name after the swap. */
export function notNullName(table: string, column: string, position: number): string {
  const name = `${table}_${column}_not_null`;
  return Buffer.byteLength(name) <= longest ? name : `column_${position}_not_null`;
}

/** The name, unless PostgreSQL would cut it: then throws NAME_INVALID. */
export function requireName(table: string, what: string, name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes <= longest) return name;
  throw new AssayError("NAME_INVALID", `${table}: the ${what} name "${name}" is ${bytes} bytes long; PostgreSQL takes ${longest}`, {
    hint: `shorten the ${what}'s name`,
  });
}

/** Throws NAME_INVALID for a name PostgreSQL would cut, NAME_DUPLICATE for an index named as the primary key. */
export function checkNames(table: SinkTable): void {
  const key = primaryKeyName(table.table);
  const named: readonly (readonly [string, string])[] = [
    ["schema", table.schema],
    ["table", table.table],
    ...table.columns.map((column) => ["column", column.name] as const),
    ...Object.keys(table.indexes).map((name) => ["index", name] as const),
    ...(table.primaryKey.length > 0 ? [["primary key", key] as const] : []),
  ];
  for (const [what, name] of named) {
    const bytes = Buffer.byteLength(name);
    if (bytes > 0 && bytes <= longest) continue;
    const problem = bytes === 0 ? "empty" : `${bytes} bytes long; PostgreSQL takes ${longest}`;
    throw new AssayError("NAME_INVALID", `${table.schema}.${table.table}: the ${what} name "${name}" is ${problem}`, {
      hint:
        what === "primary key"
          ? `shorten the table's name to ${longest - 5} bytes; its key is named after it`
          : `shorten the ${what}'s name`,
    });
  }
  if (table.primaryKey.length > 0 && key in table.indexes)
    throw new AssayError("NAME_DUPLICATE", `${table.schema}.${table.table}: the index "${key}" has the name of the primary key`, {
      hint: "rename the index",
    });
}
