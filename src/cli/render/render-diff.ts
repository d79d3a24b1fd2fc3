import type { TableDiff } from "../../execute/table-diff.ts";
import { counted, groupDigits } from "../../observe/group-digits.ts";
import { columnLines, span } from "./columns.ts";
import { type ComparisonWords, comparisonLines } from "./comparison-lines.ts";
import { type Format, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

const looks: Readonly<Record<TableDiff["status"], { readonly text: string; readonly format: Format }>> = {
  equal: { text: "✓ equal", format: "green" },
  changed: { text: "~ changed", format: "yellow" },
  counted: { text: "○ counted", format: "gray" },
  missing: { text: "✕ missing", format: "red" },
};
const indent = 4;

/** How tables differ between two runs or environments; `old` and `new` say which, e.g. `run 2026…`. */
export function renderDiff(tables: readonly TableDiff[], options: RenderOptions & { readonly old: string; readonly new: string }): string {
  const { color, width } = options;
  const heading = wrapText(`diff  ${options.old} → ${options.new}`, width);
  if (tables.length === 0) return [...heading, "", "no table changed"].join("\n");
  const counts = Object.entries(looks).flatMap(([status, look]) => {
    const count = tables.filter((table) => table.status === status).length;
    return count === 0 ? [] : [paint(color, look.format, `${groupDigits(count)} ${look.text.slice(2)}`)];
  });
  const names = Math.min(40, Math.max(...tables.map((table) => table.table.length)));
  return [...heading, "", ...tables.flatMap((table) => tableLines(table, names, options)), "", counts.join(" · ")].join("\n");
}

function tableLines(
  diff: TableDiff,
  names: number,
  options: RenderOptions & { readonly old: string; readonly new: string },
): readonly string[] {
  const look = looks[diff.status];
  const columns = [
    { title: "", minimum: 9 },
    { title: "", overflow: "wrap", minimum: names },
    { title: "", overflow: "wrap" },
  ] as const;
  const words: ComparisonWords = { old: options.old, new: options.new, added: "added", removed: "removed", changed: "changed" };
  const indented = (text: string): readonly string[] => wrapText(`${" ".repeat(indent)}${text}`, options.width);
  return [
    ...columnLines(columns, [[[span(look.text, look.format)], diff.table, [span(stateText(diff), "dim")]]], options),
    ...(diff.counts === null || diff.comparison !== null ? [] : indented(countsText(diff.counts))),
    ...(diff.comparison === null ? [] : comparisonLines(diff.comparison, words, { ...options, indent })),
    ...[...(diff.reason === null ? [] : [diff.reason]), ...diff.notes].flatMap(indented).map((line) => paint(options.color, "dim", line)),
  ];
}

function stateText({ old, new: now }: TableDiff): string {
  const rows = old.rows === now.rows ? rowsText(now.rows) : `${old.rows === null ? "?" : groupDigits(old.rows)} → ${rowsText(now.rows)}`;
  return `version ${old.version ?? "–"} → ${now.version ?? "–"}, ${rows}`;
}

const rowsText = (rows: number | null): string => (rows === null ? "? rows" : counted(rows, "row"));

const countsText = ({ inserted, updated, deleted }: NonNullable<TableDiff["counts"]>): string =>
  `${groupDigits(updated ?? 0)} updated · ${groupDigits(deleted ?? 0)} deleted · ${groupDigits(inserted ?? 0)} inserted, over all commits between`;
