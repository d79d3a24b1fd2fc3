import { columnTypeName } from "../../define/column-type.ts";
import { quoteText } from "../../define/quote.ts";
import type { ColumnType } from "../../define/types.ts";
import type { FileReader } from "../../ports/source.ts";

/** How the text of a type's values looks, the most telling type first; anything else is text, whatever a cast would make of it. */
const forms = {
  boolean: "true|false",
  bigint: String.raw`-?\d+`,
  double: String.raw`-?\d+(\.\d+)?`,
  date: String.raw`\d{4}-\d\d-\d\d`,
  timestamp: String.raw`\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?`,
  time: String.raw`\d\d:\d\d:\d\d(\.\d+)?`,
} as const;

type InferredKind = keyof typeof forms;

/** Types that can be told from text. */
export const inferredKinds = Object.keys(forms) as readonly InferredKind[];

/** A column whose values are known as text only. */
export interface TextColumn {
  /** SQL of the text over the rows. */
  readonly text: string;
  readonly candidates: readonly InferredKind[];
}

/**
 * For each column the types that all its values have, varchar last; none for a column without values. A type counts only when every value
 * comes back from it as it was, but for trailing zeros of a fraction: `007` stays text, and so does a number with more digits than it holds.
 */
export async function inferTypes(
  from: string,
  columns: readonly TextColumn[],
  reader: FileReader,
): Promise<readonly (readonly ColumnType[])[]> {
  const measures = columns.flatMap(({ text, candidates }, index) => [
    `count(${text}) as values_${index}`,
    ...candidates.map((kind) => `bool_and(${holds(text, kind)}) as ${kind}_${index}`),
  ]);
  const [row] = await reader.query({ text: `select ${measures.join(", ")} from ${from}` });
  return columns.map(({ candidates }, index): readonly ColumnType[] => {
    if (Number(row?.[`values_${index}`] ?? 0) === 0) return [];
    return [...candidates.filter((kind) => row?.[`${kind}_${index}`] === true).map((kind) => ({ kind })), { kind: "varchar" }];
  });
}

/** Null where there is no value. */
function holds(text: string, kind: InferredKind): string {
  const back = plain(`try_cast(${text} as ${columnTypeName({ kind })})::varchar`);
  return `case when ${text} is not null then
    regexp_full_match(${text}, ${quoteText(forms[kind])}) and coalesce(${back} = ${plain(`replace(${text}, 'T', ' ')`)}, false) end`;
}

/** A number or time without trailing zeros of its fraction. */
function plain(text: string): string {
  const trimmed = `regexp_replace(${text}, ${quoteText(String.raw`(\.\d*?)0+$`)}, ${quoteText(String.raw`\1`)})`;
  return `regexp_replace(${trimmed}, ${quoteText(String.raw`\.$`)}, '')`;
}
