import type { RowDiff } from "../../execute/model-test/row-diff.ts";
import { counted, groupDigits } from "../../observe/group-digits.ts";
import { printable } from "../../observe/printable.ts";
import type { Cell, Row } from "../../ports/engine.ts";
import { type Column, columnLines, gap, type Span, span } from "./columns.ts";
import { cutToWidth, displayWidth } from "./display-width.ts";
import { type Format, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

/** Rows shown in full; more are counted. */
const shownRows = 20;
/** Columns a cell may take. */
const cellWidth = 40;

interface Line {
  readonly mark: "−" | "+" | "~";
  readonly cells: ReadonlyMap<string, Span>;
}

const formats: Readonly<Record<Line["mark"], Format>> = { "−": "red", "+": "green", "~": "yellow" };

/**
 * Expected and actual rows in one table: − expected and not there, + there and not expected, ~ the same key with `expected → got` in the
 * columns that differ. Columns that differ come first after the key; those that do not fit are left out, and the last line says so.
 */
export function rowDiffLines(diff: RowDiff, options: RenderOptions & { readonly indent: number }): readonly string[] {
  const { color, width, indent } = options;
  const outer = " ".repeat(indent);
  const { misplaced } = diff;
  const head = wrapText(headOf(diff), Math.max(40, width - indent)).map((line) => `${outer}${line}`);
  const lines = misplaced === null ? linesOf(diff) : [plainLine("−", misplaced.expected, diff), plainLine("+", misplaced.actual, diff)];
  const shown = lines.slice(0, shownRows);
  const more = lines.length - shown.length + diff.not_listed;
  const wanted = columnsOf(diff);
  const widths = wanted.map((name) => Math.max(displayWidth(name), ...shown.map((line) => displayWidth(line.cells.get(name)?.text ?? ""))));
  const columns = wanted.slice(0, Math.max(1, fitting(widths, width - indent - 1)));
  const table = columnLines(
    [{ title: " " }, ...columns.map((title): Column => ({ title: printable(title), overflow: "cut" }))],
    shown.map((line) => [[span(line.mark, formats[line.mark])], ...columns.map((name) => [line.cells.get(name) ?? span("")])]),
    options,
  );
  const left = wanted.length - columns.length;
  const notes = [
    ...(more > 0 ? [`… and ${counted(more, "row")} more`] : []),
    ...(left > 0 ? [`${columns.length} of ${wanted.length} columns shown: --json has all`] : []),
  ];
  return [...head, ...(lines.length === 0 ? [] : table), ...notes.map((note) => `${outer}${paint(color, "dim", note)}`)];
}

function headOf(diff: RowDiff): string {
  if (diff.misplaced !== null)
    return `the rows are as expected, their order is not: at place ${groupDigits(diff.misplaced.row)} expected (−) and got (+)`;
  const parts = [
    [diff.changed.length, "changed (~ expected → got)"],
    [diff.missing.length, "missing (−)"],
    [diff.unexpected.length, "unexpected (+)"],
  ] as const;
  const found = parts.filter(([count]) => count > 0).map(([count, what]) => `${groupDigits(count)} ${what}`);
  const counts = `expected ${diff.partial ? "at least " : ""}${counted(diff.expected_rows, "row")}, got ${groupDigits(diff.actual_rows)}`;
  return `${counts}: ${[`${groupDigits(diff.equal_rows)} equal`, ...found].join(", ")}`;
}

function plainLine(mark: "−" | "+", row: Row, diff: RowDiff): Line {
  return { mark, cells: new Map(diff.columns.map((name) => [name, span(cellText(row[name]), formats[mark])])) };
}

function linesOf(diff: RowDiff): readonly Line[] {
  return [
    ...diff.changed.map(
      ({ expected, actual }): Line => ({
        mark: "~",
        cells: new Map(diff.columns.map((name) => [name, changedCell(expected[name], actual[name])])),
      }),
    ),
    ...diff.missing.map((row) => plainLine("−", row, diff)),
    ...diff.unexpected.map((row) => plainLine("+", row, diff)),
  ];
}

/** The key, then what differs, then, where whole rows are shown, the rest. */
function columnsOf(diff: RowDiff): readonly string[] {
  const differs = diff.columns.filter((name) =>
    diff.changed.some(({ expected, actual }) => wholeText(expected[name]) !== wholeText(actual[name])),
  );
  const rest = diff.missing.length + diff.unexpected.length > 0 || diff.misplaced !== null ? diff.columns : [];
  const key = diff.columns.filter((name) => diff.key.some((item) => item.toLowerCase() === name.toLowerCase()));
  return [...new Set([...key, ...differs, ...rest])];
}

function changedCell(expected: Cell | undefined, actual: Cell | undefined): Span {
  const [before, after] = [wholeText(expected), wholeText(actual)];
  if (before === after) return span(cutToWidth(before, cellWidth), "dim");
  const start = firstDifference(before, after);
  // Long texts are shown from where they part.
  const from = start < cellWidth - 10 ? 0 : start - 10;
  const shown = (text: string): string => cutToWidth(`${from === 0 ? "" : "…"}${text.slice(from)}`, cellWidth);
  return span(`${shown(before)} → ${shown(after)}`, "yellow");
}

function firstDifference(a: string, b: string): number {
  let place = 0;
  while (place < a.length && a[place] === b[place]) place += 1;
  return place;
}

const cellText = (value: Cell | undefined): string => cutToWidth(wholeText(value), cellWidth);

/** As it stands; absent is null, and a text that could be taken for that, or for nothing, is in quotes. */
function wholeText(value: Cell | undefined): string {
  if (value === null || value === undefined) return "null";
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value);
  const unclear = typeof value === "string" && (text === "null" || text.trim() !== text || text === "");
  return printable(unclear ? JSON.stringify(text) : text);
}

function fitting(widths: readonly number[], room: number): number {
  let used = 0;
  for (const [index, width] of widths.entries()) {
    used += gap + width;
    if (used > room) return index;
  }
  return widths.length;
}
