import type { ShownRow, ShownValue, TableComparison } from "../execute/table-comparison.ts";
import { markdownText } from "./markdown-text.ts";

/** Rows shown of each kind of difference, and characters of a value. */
export interface SampleLimit {
  readonly rows: number;
  readonly characters: number;
}

/** Rows that differ, as lines of a Markdown list: `~` other values, `−` gone, `+` new. */
export function sampleLines({ samples, key }: TableComparison, limit: SampleLimit): readonly string[] {
  if (limit.rows === 0) return [];
  const row = (values: ShownRow): string =>
    Object.entries(values)
      .map(([name, value]) => `${markdownText(name)} = ${valueText(value, limit.characters)}`)
      .join(", ");
  const changed = samples.changed.slice(0, limit.rows).map((sample) => {
    const changes = sample.columns.map(
      ({ column, old, new: now }) => `${markdownText(column)} ${valueText(old, limit.characters)} → ${valueText(now, limit.characters)}`,
    );
    return `  - &#126; ${[...(key.length === 0 ? [] : [`${row(sample.key)}:`]), changes.join(", ")].join(" ")}`;
  });
  const oneSided = (sign: string, list: TableComparison["samples"]["added"]): readonly string[] =>
    list.slice(0, limit.rows).map(({ row: values, times }) => `  - ${sign} ${row(values)}${times === 1 ? "" : ` (${times} times)`}`);
  return [...changed, ...oneSided("−", samples.removed), ...oneSided("&#43;", samples.added)];
}

function valueText(value: ShownValue, characters: number): string {
  if (value === null) return "null";
  const shown = value === "" || value === "null" ? `"${value}"` : value;
  return markdownText(shown.length > characters ? `${shown.slice(0, characters - 1)}…` : shown);
}
