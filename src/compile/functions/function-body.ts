import type { ParsedSql } from "../../ports/sql-analyzer.ts";
import type { SelectNode } from "../../ports/syntax-tree.ts";
import { aggregateFunctions } from "../aggregate-functions.ts";
import { walk } from "../incremental/exact-tree.ts";
import { unstableCalls } from "../incremental/unstable-calls.ts";
import { aggregateMacros, rowMakingFunctions } from "../incremental/unstable-functions.ts";

const before = "select (";
const after = "\n) as result";

/** A body, or any expression, as a query: what is wrong with it stands on the line on which it stands in the body. */
export const bodyQuery = (body: string, from = ""): string => `${before}${body}${after}${from}`;

/** The body within a query made by {@link bodyQuery}, without a FROM. */
export const bodyWithin = (query: string): string => query.slice(before.length, -after.length);

/** Where a place in such a query lies in its body. */
export const offsetInBody = (offset: number): number => offset - before.length;

/** Why a body is not one expression over its parameters that gives the same result always; null when it is. Takes the tree of {@link bodyQuery}. */
export function bodyFault({ tree }: ParsedSql): string | null {
  const { node } = tree;
  if (node.type !== "SELECT_NODE" || !isBare(node)) return "it is not one expression";
  const [unstable] = unstableCalls([tree]);
  if (unstable !== undefined) return `${unstable} has another value in every run: give it as a parameter`;
  let fault: string | null = null;
  walk(node, (item) => {
    fault ??= partFault(item);
    return fault === null;
  });
  return fault;
}

/** `SELECT expression` and nothing else. */
function isBare(node: SelectNode): boolean {
  const { select_list, from_table, where_clause, group_sets, having, qualify, sample, modifiers, cte_map } = node;
  return (
    select_list.length === 1 &&
    select_list[0]?.class !== "STAR" &&
    (from_table === null || from_table.type === "EMPTY") &&
    [where_clause, having, qualify, sample].every((part) => (part ?? null) === null) &&
    group_sets.length === 0 &&
    modifiers.length === 0 &&
    cte_map.map.length === 0
  );
}

function partFault(part: Readonly<Record<string, unknown>>): string | null {
  switch (part.class) {
    case "SUBQUERY":
      return "it holds a subquery: a function sees its parameters only; lists are gone through with list_transform, list_filter and list_reduce";
    case "PARAMETER":
      return "it uses a parameter of the pipeline: give its value as a parameter of the function";
    case "STAR":
      return "it holds a star";
    case "WINDOW":
      return "it holds a window function";
    case "COLLATE":
      return "it holds COLLATE: compare lower(…) instead";
    case "FUNCTION":
      return callFault(String(part.function_name).toLowerCase());
    default:
      return null;
  }
}

function callFault(name: string): string | null {
  if (aggregateFunctions.has(name) || aggregateMacros.has(name))
    return `${name}() is an aggregate; of a list take list_${name}() or the like`;
  return rowMakingFunctions.has(name) ? `${name}() makes several rows of one` : null;
}
