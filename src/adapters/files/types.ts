import { columnTypeName } from "../../define/column-type.ts";
import type { ContractColumn } from "../../define/types.ts";
import { type TypedColumn, tryCast } from "./typed-rows.ts";

const whole = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const narrowWhole = /^(U?(TINYINT|SMALLINT)|INTEGER)$/;
const decimal = /^DECIMAL\(/;
const nested = /^(STRUCT|MAP|UNION)\(|\]$|^(JSON|VARCHAR)$/;

/**
 * How a column of a Parquet file becomes a column of the contract: `value` is its quoted name, `type` DuckDB's name of its type. Null when
 * the types cannot be told to mean the same. A number fits only when no digit of it is lost.
 */
export function assignParquet(column: ContractColumn, value: string, type: string): TypedColumn | null {
  const cast = (exact: string): TypedColumn => ({ column, found: value, typed: tryCast(value, column.type), exact });
  const lossless = cast(`${tryCast(value, column.type)} = ${value}`);
  switch (column.type.kind) {
    case "smallint":
    case "integer":
    case "bigint":
    case "decimal":
      return whole.test(type) || decimal.test(type) ? lossless : null;
    case "double":
      return type === "FLOAT" || type === "DOUBLE" || narrowWhole.test(type) ? cast("true") : null;
    case "varchar":
      return type === "VARCHAR" || type === "UUID" || type.startsWith("ENUM(") ? cast("true") : null;
    case "timestamp":
      if (type === "TIMESTAMP WITH TIME ZONE") return { column, found: value, typed: `timezone('UTC', ${value})`, exact: "true" };
      return type === "DATE" || /^TIMESTAMP(_S|_MS|_NS)?$/.test(type) ? cast("true") : null;
    case "json": {
      const text = type === "VARCHAR" || type === "JSON";
      const typed = text ? tryCast(value, column.type) : `to_json(${value})`;
      return nested.test(type) ? { column, found: value, typed, exact: "true" } : null;
    }
    case "boolean":
    case "date":
    case "time":
      return type === columnTypeName(column.type) ? cast("true") : null;
    default:
      return column.type satisfies never;
  }
}
