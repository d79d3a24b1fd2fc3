import { printableLines } from "../../observe/printable.ts";
import { cutToWidth, displayWidth } from "./display-width.ts";
import { type Format, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

export interface Column {
  /** Empty titles in all columns: no heading. */
  readonly title: string;
  readonly align?: "left" | "right";
  /** What happens to a text wider than its column: `keep` (default) the column never shrinks, `cut` it ends in `…`, `wrap` it goes on below. */
  readonly overflow?: "keep" | "cut" | "wrap";
  /** Width it has at least, needed or not. */
  readonly minimum?: number;
}

/** One line of a cell. */
export interface Span {
  readonly text: string;
  readonly format: Format | null;
}

/** A cell: plain text, or lines with their formats. */
export type TextCell = string | readonly Span[];

export const span = (text: string, format: Format | null = null): Span => ({ text, format });

/** Spaces between columns. */
export const gap = 2;
/** Columns that may shrink keep this width. */
export const narrowest = 8;

/** Lines of a table without frame: heading, rule, rows; columns shrink, widest first, until the table fits the width less the indent. */
export function columnLines(
  columns: readonly Column[],
  rows: readonly (readonly TextCell[])[],
  options: RenderOptions & { readonly indent?: number },
): readonly string[] {
  const indent = options.indent ?? 0;
  const cells = rows.map((row) => columns.map((_, index) => spansOf(row[index] ?? "")));
  const widths = fitWidths(columns, naturalWidths(columns, cells), options.width - indent);
  const draw = (row: readonly (readonly Span[])[]): readonly string[] =>
    rowLines(columns, widths, row, options.color).map((line) => `${" ".repeat(indent)}${line}`.trimEnd());
  const titled = columns.some((column) => column.title !== "");
  const total = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1));
  const heading = titled
    ? [
        ...draw(columns.map((column) => [span(column.title, "dim")])),
        `${" ".repeat(indent)}${paint(options.color, "dim", "─".repeat(total))}`,
      ]
    : [];
  return [...heading, ...cells.flatMap(draw)];
}

function spansOf(cell: TextCell): readonly Span[] {
  if (typeof cell === "string") return printableLines(cell).map((text) => span(text));
  return cell.flatMap(({ text, format }) => printableLines(text).map((line) => span(line, format)));
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly (readonly Span[])[])[]): readonly number[] {
  return columns.map((column, index) =>
    rows.reduce(
      (widest, row) => Math.max(widest, ...(row[index] ?? []).map((line) => displayWidth(line.text))),
      Math.max(displayWidth(column.title), column.minimum ?? 0),
    ),
  );
}

function fitWidths(columns: readonly Column[], natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, one) => sum + one, gap * (widths.length - 1)) - width;
  while (excess > 0) {
    const shrinkable = widths.map((one, index) => (one > floorOf(columns[index]) ? one : 0));
    const widest = Math.max(...shrinkable);
    if (widest === 0) break;
    widths[shrinkable.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}

function floorOf(column: Column | undefined): number {
  return (column?.overflow ?? "keep") === "keep" ? Number.POSITIVE_INFINITY : Math.max(narrowest, column?.minimum ?? 0);
}

function rowLines(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly (readonly Span[])[],
  color: boolean,
): readonly string[] {
  const shaped = row.map((lines, index) => shape(lines, columns[index]?.overflow ?? "keep", widths[index] ?? 0));
  const height = Math.max(1, ...shaped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, at) => {
    const texts = shaped.map((lines, index) => {
      const line = lines[at] ?? span("");
      const padding = " ".repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(line.text)));
      const painted = paint(color, line.format, line.text);
      return columns[index]?.align === "right" ? padding + painted : painted + padding;
    });
    return texts.join(" ".repeat(gap)).trimEnd();
  });
}

function shape(lines: readonly Span[], overflow: "keep" | "cut" | "wrap", width: number): readonly Span[] {
  if (overflow === "keep") return lines;
  if (overflow === "cut") return lines.map((line) => span(cutToWidth(line.text, width), line.format));
  return lines.flatMap((line) => wrapText(line.text, width).map((part) => span(part, line.format)));
}
