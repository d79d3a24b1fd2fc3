import type { Location, TableName } from "../terms.ts";
import { callSite } from "./location.ts";

/** Anything with a table name: a bronze table or a model. */
export interface TableReference {
  readonly name: TableName;
}

/** SQL text with its place in the project. */
export interface Sql {
  readonly kind: "sql";
  readonly text: string;
  /** Where the text's first character stands. */
  readonly location: Location;
}

/** A function of the project. */
export interface FunctionReference {
  readonly kind: "function";
  readonly name: string;
}

/** A piece of SQL to be put into a template. */
export interface SqlFragment {
  readonly kind: "fragment";
  readonly text: string;
}

/**
 * The SQL of a model, in DuckDB's dialect: one SELECT. `${table}` becomes the table's name, `${fn}` the function's; parameters of the pipeline are written `$name`.
 * Backslashes stay as they are (`'\d+'` is a pattern); only a backtick and `${` have to be escaped by one.
 *
 * @example
 * import { sql } from "assay";
 * const definition = sql`select order_id, sum(price) as total from silver.order_items group by order_id`;
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly (TableReference | SqlFragment | FunctionReference)[]): Sql {
  const texts = strings.raw.map((part) => part.replaceAll("\\`", "`").replaceAll("\\${", "${"));
  const inserted = parts.map((part) => ("kind" in part && part.kind === "fragment" ? part.text : (part as TableReference).name));
  const text = texts.reduce((all, part, index) => `${all}${inserted[index - 1] ?? ""}${part}`);
  return { kind: "sql", text, location: callSite(sql) };
}
