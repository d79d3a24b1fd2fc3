import { quoteIdentifier } from "../../define/quote.ts";
import type { DialectQuery, NamedText, Token } from "../../ports/sql-dialect.ts";
import type { TableName } from "../../terms.ts";
import { lowerName } from "./carry.ts";

interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A text written by hand, with `layer.table` as the table's name in the engine and `fn(` as a call of the function's version. */
export function namedText(
  text: string,
  tokens: readonly Token[],
  { relations, functions = [] }: Pick<DialectQuery, "relations" | "functions">,
): NamedText {
  const tables = new Map([...relations].map(([name, relation]) => [lowerName(name), { name, relation }] as const));
  const calls = new Map(functions.map((item) => [lowerName(item.name), item]));
  const found = new Set<TableName>();
  const replacements: Replacement[] = [];
  const endOf = (token: Token | undefined): number => (token === undefined ? 0 : token.start + token.text.length);
  for (const [index, token] of tokens.entries()) {
    if (tokens[index - 1]?.text === ".") continue;
    const [name, after, last] = [nameOf(token), tokens[index + 1], tokens[index + 2]];
    if (name === null) continue;
    const table = after?.text === "." ? tables.get(lowerName(`${name}.${nameOf(last) ?? ""}`)) : undefined;
    if (table !== undefined) {
      const { schema, name: own } = table.relation;
      found.add(table.name);
      replacements.push({ start: token.start, end: endOf(last), text: `${quoteIdentifier(schema)}.${quoteIdentifier(own)}` });
    }
    const call = after?.text === "(" ? calls.get(lowerName(name)) : undefined;
    if (call !== undefined)
      replacements.push({ start: token.start, end: endOf(token), text: `${quoteIdentifier(call.schema)}.${quoteIdentifier(call.call)}` });
  }
  const replaced = replacements.reduceRight((all, { start, end, text: name }) => all.slice(0, start) + name + all.slice(end), text);
  return { text: replaced, tables: [...found] };
}

/** The name that a token is, quoted or not; null for texts, numbers and marks. */
function nameOf(token: Token | undefined): string | null {
  const [, quoted] = /^"((?:[^"]|"")*)"$/s.exec(token?.text ?? "") ?? [];
  if (quoted !== undefined) return quoted.replaceAll('""', '"');
  return token !== undefined && /^[\p{L}_][\p{L}\p{N}_$]*$/u.test(token.text) ? token.text : null;
}
