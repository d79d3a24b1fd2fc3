import { columnTypeName } from "../../define/column-type.ts";
import type { ContractColumn } from "../../define/types.ts";

const longestValue = 80;

/** `price: "abc" is not a DECIMAL(10,2)`; a sensitive value is masked. */
export function typeMismatch(column: ContractColumn, value: string): string {
  const shown = value.length > longestValue ? `${value.slice(0, longestValue)}…` : value;
  const type = columnTypeName(column.type);
  const article = /^[AI]/.test(type) ? "an" : "a";
  return `${column.name}: ${column.sensitive ? "***" : JSON.stringify(shown)} is not ${article} ${type}`;
}

/** `price: no value, but the contract says not null`. */
export function absentValue(columns: readonly ContractColumn[]): string {
  return columns.map((column) => `${column.name}: no value, but the contract says not null`).join("; ");
}
