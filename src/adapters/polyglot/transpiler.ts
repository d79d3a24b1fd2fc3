import type { Fragments, Transpiler } from "../../ports/sql-dialect.ts";

type Library = typeof import("@polyglot-sql/sdk");

/** Part of the library's syntax tree: an expression is an object whose only key names its kind. */
type Part = { readonly [key: string]: unknown };

/** `@polyglot-sql/sdk`, loaded (23 MB of WebAssembly, about 0.2 s) when the first text is translated. */
export function polyglotTranspiler(): Transpiler {
  let loading: Promise<Library> | undefined;
  return {
    toPostgres: async (text, fragments) => {
      loading ??= import("@polyglot-sql/sdk");
      return toPostgres(await loading, text, fragments);
    },
  };
}

function toPostgres(library: Library, text: string, fragments: Fragments): string {
  // The default of 32 is less than a chain of ordinary CASEs.
  const guards = { maxParserDepth: 400 };
  const outcome = library.transpile(text, library.Dialect.DuckDB, library.Dialect.PostgreSQL, { complexityGuard: guards });
  const [translated, second] = outcome.sql ?? [];
  if (!outcome.success || translated === undefined || second !== undefined) throw new Error(outcome.error ?? "not one statement");
  const bodies = new Map([...fragments].map(([name, fragment]) => [name, bodyOf(library, fragment)]));
  const tree = replaced(treeOf(library, translated), bodies);
  const result = library.generate(tree, library.Dialect.PostgreSQL);
  const [sql] = result.sql ?? [];
  if (!result.success || sql === undefined) throw new Error(result.error ?? "no text");
  return sql;
}

function treeOf(library: Library, text: string): unknown {
  const parsed = library.parse(text, library.Dialect.PostgreSQL);
  if (!parsed.success) throw new Error(`${parsed.error ?? "does not parse"}: ${text}`);
  return parsed.ast;
}

/** The expression of a fragment. */
function bodyOf(library: Library, fragment: string): Part {
  const [statement] = treeOf(library, `select ${fragment}`) as readonly { readonly select: { readonly expressions: readonly Part[] } }[];
  const [body, second] = statement?.select.expressions ?? [];
  if (body === undefined || second !== undefined) throw new Error(`not one expression: ${fragment}`);
  return body;
}

/** The tree with placeholders replaced and every name quoted: PostgreSQL's reserved words are not DuckDB's. */
function replaced(part: unknown, bodies: ReadonlyMap<string, Part>): unknown {
  if (Array.isArray(part)) return part.map((item) => replaced(item, bodies));
  if (!isPart(part)) return part;
  const call = callOf(part);
  const body = call === null ? undefined : bodies.get(call.name.toLowerCase());
  if (call !== null && body !== undefined) {
    const values = call.args.map((value) => enclosed(replaced(value, bodies)));
    return enclosed(filled(body, values));
  }
  const entries = Object.entries(part).map(([key, value]) => [key, replaced(value, bodies)] as const);
  return isName(part) ? { ...Object.fromEntries(entries), quoted: true } : Object.fromEntries(entries);
}

/** A fragment with its arguments in place. */
function filled(part: unknown, values: readonly unknown[]): unknown {
  if (Array.isArray(part)) return part.map((item) => filled(item, values));
  if (!isPart(part)) return part;
  const hole = isPart(part.parameter) ? part.parameter.index : undefined;
  if (typeof hole === "number") {
    const value = values[hole - 1];
    if (value === undefined) throw new Error(`a fragment lacks argument ${hole}`);
    return value;
  }
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, filled(value, values)]));
}

/** Kinds that bind tighter than any operator. */
const closed = new Set(["column", "literal", "function", "aggregate_function", "cast", "paren", "subquery", "null", "boolean", "case"]);

/** The generator adds no parentheses of its own. */
function enclosed(part: unknown): unknown {
  const [kind = ""] = isPart(part) ? Object.keys(part) : [];
  return closed.has(kind) ? part : { paren: { this: part, trailing_comments: [] } };
}

function callOf(part: Part): { readonly name: string; readonly args: readonly unknown[] } | null {
  const call = part.function;
  if (!isPart(call) || typeof call.name !== "string" || !Array.isArray(call.args)) return null;
  return { name: call.name, args: call.args };
}

function isPart(part: unknown): part is Part {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}

/** An identifier; functions and parameters have a name too. */
function isName(part: Part): boolean {
  return typeof part.name === "string" && "quoted" in part && "trailing_comments" in part && !("args" in part);
}
