import { quoteValue } from "../../define/quote.ts";
import type { Statement } from "../../ports/engine.ts";
import type { ParamValue } from "../../terms.ts";

/** A statement as node-postgres takes it. */
export interface NumberedStatement {
  readonly text: string;
  readonly values: readonly ParamValue[];
}

/** Texts, names and comments, in which `$name` is no parameter; then a parameter. */
const pieces =
  /\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*.*?\*\/|\$(?<tag>\w*)\$.*?\$\k<tag>\$|\$(?<name>[A-Za-z_]\w*)/gs;

/** Numbers the parameters; each place gets a number of its own, since the server gives a parameter one type only. Throws for one without a value. */
export function numberedParameters(statement: Statement): NumberedStatement {
  const values: ParamValue[] = [];
  const text = written(statement, (value) => {
    values.push(value);
    return `$${values.length}${castOf(value)}`;
  });
  return { text, values };
}

/** The text with its parameters' values, for statements that take none. */
export function withValues(statement: Statement): string {
  return written(statement, quoteValue);
}

function written({ text, params = {} }: Statement, write: (value: ParamValue) => string): string {
  return text.replace(pieces, (piece: string, ...rest: readonly unknown[]) => {
    const { name } = rest.at(-1) as { readonly name?: string };
    if (name === undefined) return piece;
    const value = params[name];
    if (value === undefined) throw new Error(`there is no value for the parameter $${name}`);
    return write(value);
  });
}

/** A text takes the type that its place asks for, a number is what it looks like. */
function castOf(value: ParamValue): string {
  if (typeof value === "boolean") return "::boolean";
  if (typeof value === "string") return "";
  if (!Number.isInteger(value)) return "::double precision";
  return Math.abs(value) < 2 ** 31 ? "::integer" : "::bigint";
}
