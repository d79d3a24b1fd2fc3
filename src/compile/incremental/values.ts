import { quoteIdentifier } from "../../define/quote.ts";
import type { TableName } from "../../terms.ts";
import type { ColumnOf, Source } from "./query.ts";

/** SQL that yields values, its columns called `c1`, `c2` …, or why there is none. */
export type Values = FoundValues | NoValues;

export interface FoundValues {
  readonly sql: string;
  /** Tables of which it reads the hat. */
  readonly hats: ReadonlySet<TableName>;
  /** How the values are found, in words. */
  readonly through: readonly string[];
}

export interface NoValues {
  readonly reason: string;
}

/** Follows changed rows of a table to values of a query's columns, each given by its place. */
export interface Linker {
  /** Every value of the columns of which rows may differ because rows of the table changed: a superset. */
  touched(table: TableName, source: Source, columns: readonly number[]): Values;
  /** Every value that the columns have or had. */
  witness(source: Source, columns: readonly number[]): Values;
}

export function isFound(values: Values): values is FoundValues {
  return "sql" in values;
}

export function firstFound(tries: readonly (() => Values)[]): Values {
  let last: Values = { reason: "there is no way" };
  for (const attempt of tries) {
    last = attempt();
    if (isFound(last)) return last;
  }
  return last;
}

/** The values of all of them; there are none if one has none. */
export function united(all: readonly Values[]): Values {
  const bad = all.find((values) => !isFound(values));
  if (bad !== undefined) return bad;
  const found = all.filter(isFound);
  const texts = [...new Set(found.map((values) => values.sql))];
  return {
    sql: texts.length === 1 ? (texts[0] ?? "") : texts.map((text) => `(${text})`).join("\nunion all\n"),
    hats: new Set(found.flatMap((values) => [...values.hats])),
    through: [...new Set(found.flatMap((values) => values.through))],
  };
}

/** A SELECT list that names columns `c1`, `c2` …; it is never empty. */
export function columnItems(names: readonly string[]): string {
  return names.length === 0 ? "1 as c1" : names.map((name, index) => `${quoteIdentifier(name)} as c${index + 1}`).join(", ");
}

export function columnKey(column: ColumnOf): string {
  return `${column.leaf}.${column.column}`;
}
