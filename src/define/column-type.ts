import type { ColumnType, ContractColumn } from "./types.ts";

/** A column type in SQL, e.g. `DECIMAL(10,2)`; DuckDB and PostgreSQL share these spellings except where an adapter says otherwise. */
export function columnTypeName(type: ColumnType): string {
  return type.kind === "decimal" ? `DECIMAL(${type.precision},${type.scale})` : type.kind.toUpperCase();
}

/** Columns with their types in SQL. */
export const describedColumns = (columns: readonly ContractColumn[]): readonly { readonly name: string; readonly type: string }[] =>
  columns.map(({ name, type }) => ({ name, type: columnTypeName(type) }));

const aliases: Readonly<Record<string, Exclude<ColumnType["kind"], "decimal">>> = {
  varchar: "varchar",
  text: "varchar",
  string: "varchar",
  boolean: "boolean",
  bool: "boolean",
  smallint: "smallint",
  int2: "smallint",
  integer: "integer",
  int: "integer",
  int4: "integer",
  bigint: "bigint",
  int8: "bigint",
  double: "double",
  float8: "double",
  date: "date",
  timestamp: "timestamp",
  datetime: "timestamp",
  time: "time",
  json: "json",
};

/** Reads a type as written in SQL or YAML; null when it is none a contract can hold. */
export function parseColumnType(text: string): ColumnType | null {
  const name = text.trim().toLowerCase();
  const decimal = /^(?:decimal|numeric)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)$/.exec(name);
  if (decimal !== null) {
    const precision = Number(decimal[1]);
    const scale = Number(decimal[2] ?? 0);
    return precision >= 1 && precision <= 38 && scale <= precision ? { kind: "decimal", precision, scale } : null;
  }
  const kind = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  return kind === undefined ? null : { kind };
}
