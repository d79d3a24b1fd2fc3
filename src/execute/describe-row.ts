import type { ContractColumn } from "../define/types.ts";

/** `a = 1, b = x`, sensitive values masked; so is, where the table has any, what is no column of it: it may be made from them. */
export function describeRow(row: Readonly<Record<string, unknown>>, columns: readonly ContractColumn[]): string {
  const guarded = columns.some((column) => column.sensitive);
  return Object.entries(row)
    .map(([name, value]) => {
      const column = columns.find((item) => item.name.toLowerCase() === name.toLowerCase());
      return `${name} = ${(column?.sensitive ?? guarded) ? "***" : shortened(value)}`;
    })
    .join(", ");
}

function shortened(value: unknown): string {
  const text = value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
