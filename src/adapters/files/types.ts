import { columnTypeName } from "../../define/column-type.ts";
import type { ContractColumn } from "../../define/types.ts";
import { plainJson, plainText, tryCast } from "./exact-text.ts";
import type { TypedColumn } from "./typed-rows.ts";

const whole = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const narrowWhole = /^(U?(TINYINT|SMALLINT)|INTEGER)$/;
const decimal = /^DECIMAL\(/;
const nested = /^(STRUCT|MAP|UNION)\(|\]$|^(JSON|VARCHAR)$/;

/**
 * How a column of a Parquet file becomes a column of the contract: `value` is its quoted name, `type` DuckDB's name of its type. Null when
 * the types cannot be told to mean the same. A number fits only when no digit of it is lost.
 */
export function assignParquet(column: ContractColumn, value: string, type: string): TypedColumn | null {
  const cast = tryCast(value, column.type);
  const as = (typed: string): TypedColumn => ({
    column,
    found: value,
    typed,
    strict: `coalesce(${typed}, error(${value}::varchar))`,
    rounded: typed,
  });
  const typed = `case when ${cast} = ${value} then ${cast} end`;
  const lossless: TypedColumn = { ...as(typed), rounded: cast };
  switch (column.type.kind) {
    case "smallint":
    case "integer":
    case "bigint":
    case "decimal":
      return whole.test(type) || decimal.test(type) ? lossless : null;
    case "double":
      return type === "FLOAT" || type === "DOUBLE" || narrowWhole.test(type) ? as(cast) : null;
    case "varchar":
      return type === "VARCHAR" || type === "UUID" || type.startsWith("ENUM(") ? as(plainText(cast)) : null;
    case "timestamp":
      if (type === "TIMESTAMP WITH TIME ZONE") return as(`timezone('UTC', ${value})`);
      if (type === "TIMESTAMP_NS") return lossless;
      return type === "DATE" || /^TIMESTAMP(_S|_MS)?$/.test(type) ? as(cast) : null;
    case "json":
      if (type === "VARCHAR" || type === "JSON") return as(plainJson(cast));
      return nested.test(type) ? as(plainJson(`to_json(${value})`)) : null;
    case "boolean":
    case "date":
    case "time":
      return type === columnTypeName(column.type) ? as(cast) : null;
    default:
      return column.type satisfies never;
  }
}
