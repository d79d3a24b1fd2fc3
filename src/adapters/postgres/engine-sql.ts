import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { ColumnType, ContractColumn } from "../../define/types.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import { postgresType } from "./types.ts";

/** The type of a contract's column in the tables of the engine: one that has equality, and under one name for texts of every length. */
export function engineType(type: ColumnType): string {
  if (type.kind === "varchar") return "varchar";
  return type.kind === "json" ? "jsonb" : postgresType(type);
}

const record = (columns: readonly string[]): string => `row(${columns.map(quoteIdentifier).join(", ")})`;

/** A hash of 64 bits over columns. */
export const keyHash = (columns: readonly string[]): string => `hash_record_extended(${record(columns)}, 0)`;

/** SQL for an environment whose schemas have this prefix; null: none. */
export function postgresSql(schemaPrefix: string | null): EngineSql {
  const schema = (name: string): string => (schemaPrefix === null ? name : `${schemaPrefix}_${name}`);
  return {
    ...shared,
    schema,
    turn: (name) => `select pg_advisory_lock(hashtextextended(${quoteText(`${schema("assay")} ${name}`)}, 0))`,
    table: (table) => {
      const parts = splitTable(table);
      return `${quoteIdentifier(schema(parts.schema))}.${quoteIdentifier(parts.name)}`;
    },
  };
}

const shared: Omit<EngineSql, "schema" | "table" | "turn"> = {
  temporary: (name) => `pg_temp.${name}`,
  replaceTemporary: (name) => ({ first: `drop table if exists pg_temp.${name}`, create: `create temp table ${name}` }),
  type: engineType,
  // `is not distinct from` is answered by looking at every pair; arrays hash, and in arrays nulls are equal.
  sameValue: (left, right) => `array[${left}] = array[${right}]`,
  havingPartner: (rows, partners, condition) => `${rows} where exists (select 1 from ${partners} where ${condition})`,
  // NOT IN is answered by hashing only as long as all values fit into memory. No column may have the name that is looked for.
  isNoneOf: (value, column, relation) =>
    `not exists (select 1 from (select ${column} as _partner from ${relation} as partners) as partner where _partner = ${value})`,
  matches: (text, pattern) => `(${text} ~ ${pattern})`,
  // Columns are hashed by the join itself, by their own statistics.
  comparesHashes: false,
  distinctValues: (columns) => `count(distinct ${keyHash(columns)})`,
  jsonObject: (columns) => {
    if (columns.length === 0) return "'{}'";
    return `(select row_to_json(fields)::text from (select ${columns.map(jsonField).join(", ")}) as fields)`;
  },
};

const plain = new Set<ColumnType["kind"]>(["boolean", "smallint", "integer", "bigint", "double", "varchar", "json"]);

/** Numbers with more digits than JSON keeps, and times, are texts. */
function jsonField({ name, type }: ContractColumn): string {
  const column = quoteIdentifier(name);
  return `${column}${plain.has(type.kind) ? "" : "::text"} as ${column}`;
}

/** An aggregate that is equal for equal rows, whatever their order. */
export function contentHash(columns: readonly string[]): string {
  return `coalesce(sum(${keyHash(columns)}::numeric), 0)::text`;
}
