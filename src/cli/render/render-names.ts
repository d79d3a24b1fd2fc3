import { printable } from "../../observe/printable.ts";

/** Where the tables of a plan are, and the names they have there if those are others. */
export function renderNames(place: string, tables: readonly { readonly table: string; readonly relation: string }[]): string {
  const others = tables.filter(({ table, relation }) => table !== relation);
  if (others.length === 0) return `in ${printable(place)}, under these names`;
  const width = Math.max(...others.map(({ table }) => table.length));
  return [`in ${printable(place)}:`, ...others.map(({ table, relation }) => `  ${table.padEnd(width)}  ${relation}`)].join("\n");
}
