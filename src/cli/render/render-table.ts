import { counted } from "../../observe/group-digits.ts";
import { printable } from "../../observe/printable.ts";
import type { Cell, ResultTable } from "../../ports/engine.ts";
import { type Column, columnLines, gap, narrowest, type Span, span } from "./columns.ts";
import { cutToWidth } from "./display-width.ts";
import { paint, type RenderOptions } from "./paint.ts";

/**
 * A query's result: numbers right-aligned and digit for digit as the engine gave them, null dim (the text "null" and empty text are in
 * quotes), long cells cut. Columns beyond the width are left out, and the last line says so.
 */
export function renderTable(result: ResultTable, options: RenderOptions): string {
  const all = result.columns.map((title, index): Column => {
    const digits = digitsOf(result, index);
    return { title: printable(title), overflow: "cut", ...(digits === null ? {} : { align: "right", minimum: digits }) };
  });
  const shown = all.slice(0, Math.max(1, columnsThatFit(all, options.width)));
  const rows = result.rows.map((row) => shown.map((_, index): readonly Span[] => [cellSpan(row[index] ?? null, options.width)]));
  const count = result.rows.length === 0 ? "no rows" : counted(result.rows.length, "row");
  const left = all.length - shown.length;
  const note = left === 0 ? "" : ` · ${shown.length} of ${all.length} columns shown: name those you need, or use --json`;
  return [...columnLines(shown, rows, options), paint(options.color, "dim", `${count}${note}`)].join("\n");
}

/** Digits of the longest value of a column of numbers, decimals or 64-bit integers (text); else null: `01409` is a code, not a number. */
function digitsOf(result: ResultTable, index: number): number | null {
  const values = result.rows.map((row) => row[index] ?? null).filter((value) => value !== null);
  const numeric = values.every(
    (value) => typeof value === "number" || (typeof value === "string" && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value)),
  );
  return values.length === 0 || !numeric ? null : values.reduce<number>((most, value) => Math.max(most, String(value).length), 0);
}

function columnsThatFit(columns: readonly Column[], width: number): number {
  let used = 0;
  for (const [index, column] of columns.entries()) {
    used += Math.max(narrowest, column.minimum ?? 0);
    if (used > width) return index;
    used += gap;
  }
  return columns.length;
}

function cellSpan(value: Cell, width: number): Span {
  if (value === null) return span("null", "dim");
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  const ambiguous = typeof value === "string" && (text === "" || text === "null");
  return span(cutToWidth(printable(ambiguous ? `"${text}"` : text.slice(0, width * 8)), width));
}
