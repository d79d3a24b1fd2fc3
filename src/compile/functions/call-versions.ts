import { functionSchema } from "../../ports/project-function.ts";
import type { SyntaxTree } from "../../ports/syntax-tree.ts";
import { walk } from "../incremental/exact-tree.ts";

/** Name (lower case) → name of the version to call. */
export type Calls = ReadonlyMap<string, string>;

/** Functions of the project that a query calls, by their names in lower case. */
export function calledFunctions(tree: SyntaxTree, known: { has(name: string): boolean }): ReadonlySet<string> {
  return new Set(callsIn(tree).flatMap(({ name }) => (known.has(name) ? [name] : [])));
}

/**
 * The text with each call of a function of the project made a call of its version. `offset`: byte of a call written as a method or in a
 * schema, which is none of the project's functions for the engine.
 */
export function withVersions(
  text: string,
  tree: SyntaxTree,
  calls: Calls,
): { readonly text: string } | { readonly name: string; readonly offset: number } {
  const found = callsIn(tree).filter(({ name }) => calls.has(name));
  const qualified = found.find((call) => call.qualified);
  if (qualified !== undefined) return qualified;
  const bytes = Buffer.from(text);
  // The parser copies some expressions: several calls may stand in one place.
  const places = new Map(found.map(({ name, offset }) => [offset, name] as const));
  const parts: string[] = [];
  let end = 0;
  for (const [offset, name] of [...places].sort(([a], [b]) => a - b)) {
    const written = writtenName(bytes, offset, name);
    parts.push(bytes.subarray(end, offset).toString(), `${functionSchema}.${calls.get(name)}`);
    end = offset + written;
  }
  return { text: parts.join("") + bytes.subarray(end).toString() };
}

interface Call {
  readonly name: string;
  readonly offset: number;
  readonly qualified: boolean;
}

function callsIn(tree: SyntaxTree): readonly Call[] {
  const calls: Call[] = [];
  walk(tree, (item) => {
    if ((item.class === "FUNCTION" || item.class === "WINDOW") && typeof item.query_location === "number") {
      const qualified = [item.schema, item.catalog].some((part) => typeof part === "string" && part !== "");
      calls.push({ name: String(item.function_name).toLowerCase(), offset: item.query_location, qualified });
    }
    return true;
  });
  return calls;
}

/** Bytes of the name at a place of a text, in quotes or not. */
function writtenName(bytes: Buffer, offset: number, name: string): number {
  const plain = bytes.subarray(offset, offset + name.length).toString();
  if (plain.toLowerCase() === name) return name.length;
  const quoted = bytes.subarray(offset, offset + name.length + 2).toString();
  if (quoted.toLowerCase() === `"${name}"`) return name.length + 2;
  throw new Error(`no call of ${name} at byte ${offset} of: ${bytes.toString().slice(0, 200)}`);
}
