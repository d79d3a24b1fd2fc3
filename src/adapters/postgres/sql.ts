import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { SinkTable } from "../../ports/sink.ts";
import { notNullName, primaryKeyName } from "./names.ts";
import { postgresType } from "./types.ts";

export const qualified = (schema: string, name: string): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/** One load of a table at a time, over all processes; released when the session ends. */
export function takeTurnSql(table: SinkTable): string {
  return `select pg_advisory_lock(hashtextextended(${quoteText(`assay sink ${JSON.stringify([table.schema, table.table])}`)}, 0))`;
}

export function createSchemaSql(schema: string): string {
  return `create schema if not exists ${quoteIdentifier(schema)}`;
}

export function dropStagingSql(table: SinkTable, staging: string): string {
  return `drop table if exists ${qualified(table.schema, staging)}`;
}

/** The empty staging table with types, NOT NULL and comments of the contract. */
export function createStagingSql(table: SinkTable, staging: string): string {
  const name = qualified(table.schema, staging);
  const columns = table.columns.map((column, position) => columnSql(table, column, position)).join(", ");
  const comments = table.columns.flatMap((column) =>
    column.description === null ? [] : [`comment on column ${name}.${quoteIdentifier(column.name)} is ${quoteText(column.description)}`],
  );
  const comment = table.description === null ? [] : [`comment on table ${name} is ${quoteText(table.description)}`];
  return [`create table ${name} (${columns})`, ...comment, ...comments].join("; ");
}

function columnSql(table: SinkTable, column: ContractColumn, position: number): string {
  const type = `${quoteIdentifier(column.name)} ${postgresType(column.type)}`;
  return isNotNull(table, column)
    ? `${type} constraint ${quoteIdentifier(notNullName(table.table, column.name, position))} not null`
    : type;
}

/** A key column is never null. */
export function isNotNull(table: SinkTable, column: ContractColumn): boolean {
  return !column.nullable || table.primaryKey.includes(column.name);
}

export function copySql(table: SinkTable, staging: string): string {
  const columns = columnList(table.columns.map((column) => column.name));
  return `copy ${qualified(table.schema, staging)} (${columns}) from stdin (format csv, null '', encoding 'UTF8')`;
}

export interface StagedIndex {
  readonly staged: string;
  readonly declared: string;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/** The primary key's index first, then the declared ones; each has a name of its own until the swap. */
export function stagedIndexes(table: SinkTable, staging: string): readonly StagedIndex[] {
  const key = { staged: `${staging}_key`, declared: primaryKeyName(table.table), columns: table.primaryKey, unique: true };
  const others = Object.entries(table.indexes).map(([declared, columns], at) => ({
    staged: `${staging}_${at}`,
    declared,
    columns,
    unique: false,
  }));
  return table.primaryKey.length > 0 ? [key, ...others] : others;
}

export function createIndexSql(table: SinkTable, staging: string, index: StagedIndex): string {
  const kind = index.unique ? "unique index" : "index";
  return `create ${kind} ${quoteIdentifier(index.staged)} on ${qualified(table.schema, staging)} (${columnList(index.columns)})`;
}

export function addKeySql(table: SinkTable, staging: string, index: StagedIndex): string {
  const name = quoteIdentifier(index.staged);
  return `alter table ${qualified(table.schema, staging)} add constraint ${name} primary key using index ${name}`;
}

export function analyzeSql(table: SinkTable, staging: string): string {
  return `analyze ${qualified(table.schema, staging)}`;
}

/** Row count and checksum by the formula of `Fingerprint` (ports/sink.ts). Yields `rows` and `checksum` as text. */
export function fingerprintSql(table: SinkTable, staging: string): string {
  const row = joined(table.columns.flatMap((column) => items(column, isNotNull(table, column))));
  const sum = `coalesce(sum(('x' || substr(md5(${row}), 1, 15))::bit(60)::bigint), 0)::text`;
  return `select count(*)::text as rows, ${sum} as checksum from ${qualified(table.schema, staging)}`;
}

/** A function takes at most 100 arguments. */
function joined(all: readonly string[]): string {
  if (all.length <= 90) return `concat_ws(',', ${all.join(", ")})`;
  const parts = Array.from({ length: Math.ceil(all.length / 90) }, (_, at) => joined(all.slice(at * 90, at * 90 + 90)));
  return joined(parts);
}

/** `concat_ws` leaves nulls out, commas included: nothing may be null here. It writes a value by its type, which spares the cast to text. */
function items(column: ContractColumn, notNull: boolean): readonly string[] {
  const name = quoteIdentifier(column.name);
  const counted = column.type.kind === "varchar" || column.type.kind === "json";
  const value = plain(column, name);
  const text = counted && column.type.kind === "varchar" ? name : `${value}::text`;
  if (!counted) return [notNull ? value : `coalesce(${text}, '')`];
  return notNull ? [`length(${text})`, text] : [`coalesce(length(${text})::text, '')`, `coalesce(${text}, '')`];
}

function plain(column: ContractColumn, name: string): string {
  if (column.type.kind === "boolean") return `${name}::text`;
  return column.type.kind === "double" ? `case when ${name} = 'NaN' then 'nan' else encode(float8send(${name}), 'hex') end` : name;
}

export function terminateSql(): string {
  return "select pg_terminate_backend(pid) from unnest($1::int[]) as pid";
}
