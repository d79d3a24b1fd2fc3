/** Schema and name of a qualified table: up to the first point, and the rest. A name without a point is all name. */
export function splitTable(table: string): { readonly schema: string; readonly name: string } {
  const dot = table.indexOf(".");
  return { schema: table.slice(0, Math.max(0, dot)), name: table.slice(dot + 1) };
}
