import { quoteIdentifier } from "../../define/quote.ts";
import { nameMark, quoteMark } from "./fragments.ts";

/** Fields of the tree that hold one name or a list of names. */
const nameFields = new Set([
  "alias",
  "table_name",
  "schema_name",
  "catalog_name",
  "column_names",
  "column_name_alias",
  "using_columns",
  "aliases",
  "cte_name",
]);

/** The tree with a mark around each name: so the printer quotes it, and it is found again in the library's text. */
export function withMarkedNames(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withMarkedNames);
  if (typeof part !== "object" || part === null || "rawJSON" in part) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (nameFields.has(key) || (key === "key" && "value" in part)) return [key, Array.isArray(value) ? value.map(marked) : marked(value)];
      return [key, withMarkedNames(value)];
    }),
  );
}

const marked = (name: unknown): unknown =>
  typeof name === "string" && name !== "" ? `${nameMark}${name.replaceAll('"', quoteMark)}${nameMark}` : name;

const inText = new RegExp(`"?${nameMark}([^${nameMark}]*)${nameMark}"?`, "g");

/** Every name quoted: PostgreSQL's reserved words are not DuckDB's, and it folds capitals. `spelling`: names that have capitals, by their small letters. */
export function unmarkedNames(text: string, spelling: ReadonlyMap<string, string> = new Map()): string {
  return text.replace(inText, (_, marked: string) => {
    const name = marked.replaceAll(quoteMark, '"');
    return quoteIdentifier(spelling.get(name) ?? name);
  });
}
