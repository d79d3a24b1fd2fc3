import { createHash } from "node:crypto";
import type { TableName } from "../terms.ts";
import type { EngineSql } from "./engine-sql.ts";

/** Longest name that every engine takes, in bytes, and the longer ending. */
const room = 63 - " values".length;

/**
 * Names of the platform's tables for the build of a model in chunks, as long as it is under way: the values of `by`, and the rows that are made;
 * both have the number of the chunk in {@link chunkColumn}.
 */
export function chunkTables(table: TableName): { readonly values: string; readonly rows: string } {
  const name = Buffer.byteLength(table) <= room ? table : createHash("sha256").update(table).digest("hex").slice(0, 32);
  return { values: `assay.${name} values`, rows: `assay.${name} rows` };
}

/** Statements that take them away. */
export const dropChunkTables = (sql: EngineSql, table: TableName): string =>
  Object.values(chunkTables(table))
    .map((name) => `drop table if exists ${sql.table(name)}`)
    .join("; ");

/** From 1. */
export const chunkColumn = "_chunk";
