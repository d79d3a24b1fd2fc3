import type { ShownRow, ShownValue, TableComparison } from "../../execute/table-comparison.ts";
import { counted, groupDigits } from "../../observe/group-digits.ts";
import { printable } from "../../observe/printable.ts";
import { type Column, columnLines, span } from "./columns.ts";
import type { Format, RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

/** What the two sides and the kinds of difference are called. */
export interface ComparisonWords {
  readonly old: string;
  readonly new: string;
  readonly added: string;
  readonly removed: string;
  readonly changed: string;
}

/** Columns of a value that are shown. */
const longest = 60;
/** Equal characters shown before the place where two long values differ. */
const context = 20;

const wrapped: Column = { title: "", overflow: "wrap" };

/** The differences: counts, changed columns, then sample rows. Nothing for equal tables. */
export function comparisonLines(
  comparison: TableComparison,
  words: ComparisonWords,
  options: RenderOptions & { readonly indent: number },
): readonly string[] {
  const { indent } = options;
  const pad = " ".repeat(indent);
  const lines = summaryLines(comparison, words).flatMap((line) => wrapText(`${pad}${line}`, options.width));
  const shown = sampleRows(comparison);
  if (shown.length === 0) return lines;
  const keyed = shown.some(({ key }) => key !== "");
  const rows = shown.map(({ mark, format, key, text }) => [[span(mark, format)], ...(keyed ? [key] : []), text]);
  const columns: readonly Column[] = [{ title: "" }, ...(keyed ? [wrapped] : []), wrapped];
  return [...lines, ...columnLines(columns, rows, options), ...hiddenRows(comparison, words, pad)];
}

function summaryLines(comparison: TableComparison, words: ComparisonWords): readonly string[] {
  const { added, removed, changed, equal, by, key, columns, only_old, only_new, types } = comparison;
  if (added + removed + changed + only_old.length + only_new.length + types.length === 0) return [];
  const counts = [
    ...(changed === 0 ? [] : [`${groupDigits(changed)} ${words.changed}`]),
    ...(removed === 0 ? [] : [`${groupDigits(removed)} ${words.removed}`]),
    ...(added === 0 ? [] : [`${groupDigits(added)} ${words.added}`]),
    ...(equal === null ? [] : [`${groupDigits(equal)} equal`]),
  ];
  const how =
    by === "row" ? "compared by whole rows: no unique key" : key.length === 0 ? "compared as one row" : `compared by ${key.join(", ")}`;
  return [
    `${counts.join(" · ")} (${how})`,
    ...(columns.length === 0 ? [] : [`changed in ${columns.map((item) => `${item.column} (${groupDigits(item.changed)})`).join(", ")}`]),
    ...(only_old.length === 0 ? [] : [`only in ${words.old}: ${counted(only_old.length, "column")} ${only_old.join(", ")}`]),
    ...(only_new.length === 0 ? [] : [`only in ${words.new}: ${counted(only_new.length, "column")} ${only_new.join(", ")}`]),
    ...(types.length === 0 ? [] : [`other types: ${types.map((item) => `${item.column} ${item.old} → ${item.new}`).join(", ")}`]),
  ];
}

interface SampleRow {
  readonly mark: string;
  readonly format: Format;
  readonly key: string;
  readonly text: string;
}

function sampleRows({ samples, key }: TableComparison): readonly SampleRow[] {
  const oneSided = (mark: string, format: Format, list: TableComparison["samples"]["added"]): readonly SampleRow[] =>
    list.map(({ row, times }) => {
      const keyPart = Object.fromEntries(key.map((name) => [name, row[name] ?? null]));
      const rest = Object.fromEntries(Object.entries(row).filter(([name]) => !key.includes(name)));
      return { mark, format, key: rowText(keyPart), text: `${rowText(rest)}${times === 1 ? "" : ` (${groupDigits(times)} times)`}` };
    });
  const changed = samples.changed.map((sample): SampleRow => {
    const changes = sample.columns.map((item) => {
      const [old, now] = pairText(item.old, item.new);
      return `${item.column} ${old} → ${now}`;
    });
    return { mark: "~", format: "yellow", key: rowText(sample.key), text: changes.join(", ") };
  });
  return [...changed, ...oneSided("−", "red", samples.removed), ...oneSided("+", "green", samples.added)];
}

function hiddenRows({ samples, added, removed, changed }: TableComparison, words: ComparisonWords, pad: string): readonly string[] {
  const shown = (list: TableComparison["samples"]["added"]): number => list.reduce((sum, { times }) => sum + times, 0);
  const hidden = [
    { count: changed - samples.changed.length, word: words.changed },
    { count: removed - shown(samples.removed), word: words.removed },
    { count: added - shown(samples.added), word: words.added },
  ].filter(({ count }) => count > 0);
  return hidden.length === 0
    ? []
    : [`${pad}… ${hidden.map(({ count, word }) => `${groupDigits(count)} more ${word}`).join(", ")}: --samples shows more`];
}

const rowText = (row: ShownRow): string =>
  Object.entries(row)
    .map(([name, value]) => `${name} = ${cut(valueText(value))}`)
    .join(", ");

/** The texts "null" and "" in quotes. */
const valueText = (value: ShownValue): string =>
  value === null ? "null" : printable(value === "" || value === "null" ? `"${value}"` : value);

const cut = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

/** Two values, long ones from shortly before the place where they differ. */
function pairText(old: ShownValue, now: ShownValue): readonly [string, string] {
  const [a, b] = [valueText(old), valueText(now)];
  if (a.length <= longest && b.length <= longest) return [a, b];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const from = Math.max(0, same - context);
  const part = (text: string): string => cut(from === 0 ? text : `…${text.slice(from)}`);
  return [part(a), part(b)];
}
