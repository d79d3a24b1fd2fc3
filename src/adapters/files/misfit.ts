import { columnTypeName } from "../../define/column-type.ts";
import type { ContractColumn } from "../../define/types.ts";

/** A value that its column cannot hold. */
export interface Misfit {
  readonly column: ContractColumn;
  readonly found: string;
  /** What would be left of it; null when it is no value of the type at all. */
  readonly rounded: string | null;
}

const longestValue = 80;

/** `price: "abc" is not a DECIMAL(10,2)`, `price: "1.234" would become 1.23 as a DECIMAL(10,2)`; a sensitive value is masked. */
export function misfitMessage({ column, found, rounded }: Misfit): string {
  const type = columnTypeName(column.type);
  const typed = `${/^[AI]/.test(type) ? "an" : "a"} ${type}`;
  const shown = column.sensitive ? "***" : JSON.stringify(found.length > longestValue ? `${found.slice(0, longestValue)}…` : found);
  if (rounded === null && /\0|\\u0000/.test(found)) return `${column.name}: ${shown} holds a null byte`;
  if (rounded === null) return `${column.name}: ${shown} is not ${typed}`;
  return `${column.name}: ${shown} would ${column.sensitive ? "be rounded or cut" : `become ${rounded}`} as ${typed}`;
}

/** `price: no value, but the contract says not null`. */
export function absentValue(columns: readonly ContractColumn[]): string {
  return columns.map((column) => `${column.name}: no value, but the contract says not null`).join("; ");
}
