import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Expression } from "../../ports/syntax-tree.ts";
import { aggregateFunctions } from "../aggregate-functions.ts";
import { plainSelect, printExactly } from "./exact-tree.ts";
import { type ColumnOf, type Item, isFollowed, type Leaf, leafColumnName } from "./query.ts";
import { columnNamed, type Level, resolveColumn } from "./resolve-column.ts";
import { aggregateMacros, rowMakingFunctions } from "./unstable-functions.ts";

/** An item whose SQL is still to be printed. */
export type DraftItem =
  | Item
  | { readonly kind: "draft"; readonly tree: Expression; readonly reads: readonly ColumnOf[]; readonly key: string };

const scalarClasses = new Set(["CONSTANT", "CAST", "COMPARISON", "CONJUNCTION", "OPERATOR", "FUNCTION", "CASE", "BETWEEN"]);

/** How deep aliases may refer to aliases. */
const aliasDepth = 8;

/** The expression as an item over leaf columns: scalar, of columns that are certain and of types that are followed. */
export function draftItem(expression: Expression, level: Level): DraftItem {
  const reads: ColumnOf[] = [];
  const outcome = overLeaves(expression, level, reads, 0);
  if (typeof outcome === "string") return { kind: "none", reason: outcome };
  const tree = { ...outcome, alias: "" };
  const key = JSON.stringify(tree);
  const [only] = reads;
  if (tree.class === "COLUMN_REF" && only !== undefined) return { kind: "column", column: only, key };
  return { kind: "draft", tree, reads, key };
}

/** The expression with its columns named by leaf and place, or why there is none. */
function overLeaves(expression: Expression, level: Level, reads: ColumnOf[], depth: number): Expression | string {
  if (expression.class === "COLUMN_REF") return columnOverLeaves(expression, level, reads, depth);
  const problem = notScalar(expression);
  if (problem !== null) return problem;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(expression)) {
    const part = key === "order_bys" ? value : partOverLeaves(value as unknown, level, reads, depth);
    if (typeof part === "object" && part !== null && "problem" in part) return String(part.problem);
    result[key] = part;
  }
  return result as unknown as Expression;
}

function partOverLeaves(value: unknown, level: Level, reads: ColumnOf[], depth: number): unknown {
  if (Array.isArray(value)) {
    const parts = value.map((part: unknown) => partOverLeaves(part, level, reads, depth));
    return parts.find((part) => typeof part === "object" && part !== null && "problem" in part) ?? parts;
  }
  if (value === null || typeof value !== "object" || "rawJSON" in value) return value;
  if ("class" in value) {
    const inner = overLeaves(value as Expression, level, reads, depth);
    return typeof inner === "string" ? { problem: inner } : inner;
  }
  if ("when_expr" in value) {
    const entries = Object.entries(value).map(([key, part]) => [key, partOverLeaves(part as unknown, level, reads, depth)] as const);
    const bad = entries.find(([, part]) => typeof part === "object" && part !== null && "problem" in part);
    return bad === undefined ? Object.fromEntries(entries) : bad[1];
  }
  return value;
}

function notScalar(expression: Expression): string | null {
  if (expression.class === "SUBQUERY") return "it is the result of a subquery: materialize that step as a table of its own";
  if (expression.class === "WINDOW") return "it is the result of a window function: materialize that step as a table of its own";
  if (expression.class === "PARAMETER") return "it is computed with a parameter";
  if (!scalarClasses.has(expression.class))
    return `it is computed by an expression that is not followed (${expression.class.toLowerCase()})`;
  if (expression.class !== "FUNCTION") return null;
  const name = (expression.function_name ?? "").toLowerCase();
  const written = expression.filter ?? null;
  if (aggregateFunctions.has(name) || aggregateMacros.has(name) || written !== null || expression.distinct === true) {
    return "it is the result of an aggregate: materialize that step as a table of its own";
  }
  if (rowMakingFunctions.has(name) || (expression.order_bys?.orders.length ?? 0) > 0) return `it is computed by ${name}`;
  return null;
}

function columnOverLeaves(reference: Expression, level: Level, reads: ColumnOf[], depth: number): Expression | string {
  const names = reference.column_names ?? [];
  const [name = ""] = names;
  const alias = names.length === 1 ? level.aliases.get(name.toLowerCase()) : undefined;
  const named = names.length === 1 ? columnNamed(name, level.visible, level.leaves) : "unsure";
  if (alias !== undefined && named === "none") {
    if (alias === null || depth >= aliasDepth) return `the name ${name} has several meanings`;
    return overLeaves(alias, { ...level, aliasesCount: false }, reads, depth + 1);
  }
  const column = resolveColumn(reference, { ...level, outer: null });
  if (column === null) return `the column ${names.join(".")} is not found for certain`;
  const type = typeOf(column, level.leaves);
  if (!isFollowed(type)) {
    return type === null
      ? `the type of ${names.join(".")} depends on a parameter`
      : `${names.join(".")} is ${type}, of which equal values can differ`;
  }
  reads.push(column);
  return { class: "COLUMN_REF", type: "COLUMN_REF", alias: "", column_names: [leafColumnName(column)] } as unknown as Expression;
}

export function typeOf(column: ColumnOf, leaves: readonly Leaf[]): string | null {
  return leaves[column.leaf]?.columns?.[column.column]?.type ?? null;
}

/** Prints the drafts; what cannot be written exactly is no item. */
export async function printedItems(analyzer: SqlAnalyzer, drafts: readonly DraftItem[]): Promise<readonly Item[]> {
  const trees = drafts.flatMap((draft) => (draft.kind === "draft" ? [plainSelect([draft.tree], null)] : []));
  const texts = trees.length === 0 ? [] : await printExactly(analyzer, trees, null);
  let next = 0;
  return drafts.map((draft): Item => {
    if (draft.kind !== "draft") return draft;
    const text = texts[next++];
    if (text === undefined || text === null || !text.startsWith("SELECT "))
      return { kind: "none", reason: "its expression cannot be copied" };
    return { kind: "expression", text: text.slice("SELECT ".length), reads: draft.reads, key: draft.key };
  });
}
