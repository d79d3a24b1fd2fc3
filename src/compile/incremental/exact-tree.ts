import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Expression, QueryNode, SelectNode, SyntaxTree } from "../../ports/syntax-tree.ts";

interface Identity {
  readonly statements: readonly SyntaxTree[];
}

/** The source text of numbers (ECMAScript 2025): a number that JavaScript cannot hold as it was written stays text. */
interface ExactJson {
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}

const exactJson = JSON as unknown as ExactJson;

/** The tree behind an identity, without locations and with every number as it was written, so that it can be changed and printed. */
export function exactTree(identity: string): SyntaxTree {
  const parsed = exactJson.parse(identity, (_key, value, { source }) =>
    typeof value === "number" && String(value) !== source ? exactJson.rawJSON(source ?? "") : value,
  ) as Identity;
  const [tree] = parsed.statements;
  if (tree === undefined) throw new Error("a parsed text has no statement");
  return tree;
}

/** SQL of query nodes; null for one that cannot be written exactly. `tree` is the one whose parameters they use. */
export function printExactly(
  analyzer: SqlAnalyzer,
  nodes: readonly QueryNode[],
  tree: SyntaxTree | null,
): Promise<readonly (string | null)[]> {
  const named_param_map = tree?.named_param_map ?? [];
  return analyzer.print(nodes.map((node) => JSON.stringify({ error: false, statements: [{ node, named_param_map }] })));
}

const noModifiers = { modifiers: [], cte_map: { map: [] } } as const;

/** `SELECT … FROM …` of given parts and nothing else. */
export function plainSelect(items: readonly Expression[], from: object | null): SelectNode {
  return {
    type: "SELECT_NODE",
    ...noModifiers,
    select_list: items,
    from_table: from ?? { type: "EMPTY", alias: "", sample: null },
    where_clause: null,
    group_expressions: [],
    group_sets: [],
    aggregate_handling: "STANDARD_HANDLING",
    having: null,
    sample: null,
    qualify: null,
  } as unknown as SelectNode;
}

const star = {
  class: "STAR",
  type: "STAR",
  alias: "",
  relation_name: "",
  exclude_list: [],
  replace_list: [],
  columns: false,
  expr: null,
  qualified_exclude_list: [],
  rename_list: [],
} as unknown as Expression;

/** `SELECT * FROM (node) AS "query"`: names and types as a query around the node sees them. */
export function selectAllFrom(node: QueryNode): SelectNode {
  return plainSelect([star], subqueryRef(node, "query", []));
}

/** `(node) AS alias(columns…)`. */
export function subqueryRef(node: QueryNode, alias: string, columns: readonly string[]): object {
  return { type: "SUBQUERY", alias, sample: null, subquery: { node, named_param_map: [] }, column_name_alias: columns };
}

/**
 * The same meaning in a tree that can be printed: `a JOIN b ON true` for `a CROSS JOIN b`, which is printed with a comma, so that a join that
 * follows would bind tighter; a cast text for a floating-point constant, which is printed as a decimal one.
 */
export function printable<T>(part: T): T {
  return changed(part, (item) => {
    if ("ref_type" in item && item.ref_type === "CROSS") return { ...item, ref_type: "REGULAR", condition: castText("t", "BOOLEAN") };
    return doubleConstant(item) ?? item;
  });
}

function doubleConstant(item: object): object | null {
  const { class: kind, value, alias } = item as Expression;
  const { type, value: number } = (value ?? {}) as { readonly type?: { readonly id: string }; readonly value?: unknown };
  if (kind !== "CONSTANT" || type?.id !== "DOUBLE" || number === undefined) return null;
  const text = typeof number === "object" && number !== null && "rawJSON" in number ? String(number.rawJSON) : String(number);
  return { ...castText(text, "DOUBLE"), alias };
}

function castText(text: string, type: string): object {
  const value = { type: { id: "VARCHAR", type_info: null }, is_null: false, value: text };
  const child = { class: "CONSTANT", type: "VALUE_CONSTANT", alias: "", value };
  return { class: "CAST", type: "OPERATOR_CAST", alias: "", child, cast_type: { id: type, type_info: null }, try_cast: false };
}

/** A copy of a tree in which `change` has replaced what it wants to, from the leaves up; what it leaves alone keeps its identity. */
function changed<T>(part: T, change: (item: object) => object): T {
  if (Array.isArray(part)) {
    const items = part.map((item: unknown) => changed(item, change));
    return items.every((item, index) => item === part[index]) ? part : (items as T);
  }
  if (part === null || typeof part !== "object" || "rawJSON" in part) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, changed(value as unknown, change)] as const);
  const same = entries.every(([key, value]) => value === (part as Readonly<Record<string, unknown>>)[key]);
  return change(same ? part : Object.fromEntries(entries)) as T;
}

/** Every object in a tree for which `visit` answers true is entered. */
export function walk(part: unknown, visit: (item: Readonly<Record<string, unknown>>) => boolean): void {
  if (Array.isArray(part)) {
    for (const item of part) walk(item, visit);
    return;
  }
  if (part === null || typeof part !== "object") return;
  if (visit(part as Readonly<Record<string, unknown>>)) for (const value of Object.values(part)) walk(value, visit);
}

/** Expressions below a part of a query that satisfy the test; queries within it are not entered. */
export function expressionsIn(part: unknown, test: (item: Expression) => boolean): readonly Expression[] {
  const found: Expression[] = [];
  walk(part, (item) => {
    if ("cte_map" in item) return false;
    if (typeof item.class === "string" && test(item as unknown as Expression)) found.push(item as unknown as Expression);
    return true;
  });
  return found;
}
