import type { Expression, QueryNode, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { leavesOf } from "./tree.ts";

/**
 * Tables of which every row surely takes part in a query's result: read somewhere without a filter, a limit or a join that could drop
 * rows, and so all the way up. Grouping keeps every row's part.
 */
export function fullyUsedTables(node: QueryNode): ReadonlySet<TableName> {
  const used = new Set<TableName>();
  visit(node, true, new Map(), used);
  return used;
}

/** CTE name → visits its query, as fully used or not. */
type Scope = ReadonlyMap<string, (full: boolean) => void>;

function visit(node: QueryNode, full: boolean, outer: Scope, used: Set<TableName>): void {
  const scope = new Map(outer);
  for (const entry of node.cte_map.map) {
    const visible = new Map(scope);
    scope.set(entry.key.toLowerCase(), (whole) => visit(entry.value.query.node, whole, visible, used));
  }
  switch (node.type) {
    case "SELECT_NODE":
      visitSelect(node, full, scope, used);
      return;
    case "SET_OPERATION_NODE":
      for (const child of node.children ?? [node.left, node.right]) {
        if (child !== undefined) visit(child, full && node.setop_type === "UNION" && !limits(node), scope, used);
      }
      return;
    case "CTE_NODE":
      scope.set(node.cte_name.toLowerCase(), (whole) => visit(node.query, whole, outer, used));
      visit(node.child, full, scope, used);
      return;
    case "RECURSIVE_CTE_NODE":
      return;
    default:
      node satisfies never;
  }
}

function visitSelect(node: SelectNode, full: boolean, scope: Scope, used: Set<TableName>): void {
  const whole =
    full && node.where_clause === null && node.having === null && node.qualify === null && node.sample === null && !limits(node);
  for (const leaf of leavesOf(node.from_table)) {
    const kept = whole && isPreserved(node.from_table, leaf.alias);
    const { ref } = leaf;
    if (ref.type === "SUBQUERY") visit(ref.subquery.node, kept, scope, used);
    if (ref.type !== "BASE_TABLE") continue;
    const cte = ref.schema_name === "" ? scope.get(ref.table_name.toLowerCase()) : undefined;
    if (cte !== undefined) cte(kept);
    else if (kept) used.add(`${ref.schema_name}.${ref.table_name}` as TableName);
  }
  for (const item of node.select_list) visitScalars(item, whole, scope, used);
}

/** Scalar subqueries of a select list: uncorrelated ones take part in every row. */
function visitScalars(expression: Expression, full: boolean, scope: Scope, used: Set<TableName>): void {
  if (expression.subquery !== undefined && expression.type === "SUBQUERY") visit(expression.subquery.node, full, scope, used);
  for (const value of Object.values(expression)) {
    for (const part of Array.isArray(value) ? value : [value]) {
      if (part !== null && typeof part === "object" && "class" in part) visitScalars(part as Expression, full, scope, used);
    }
  }
}

function limits(node: QueryNode): boolean {
  return node.modifiers.some((modifier) => modifier.type.includes("LIMIT") || (modifier.distinct_on_targets ?? []).length > 0);
}

/** Does every row of the leaf survive the joins? */
function isPreserved(ref: TableRef | null, alias: string): boolean {
  if (ref === null || ref.type !== "JOIN") return true;
  const keepsLeft = ref.join_type === "LEFT" || ref.join_type === "FULL";
  const keepsRight = ref.join_type === "RIGHT" || ref.join_type === "FULL";
  const inLeft = leavesOf(ref.left).some((leaf) => leaf.alias.toLowerCase() === alias.toLowerCase());
  return inLeft ? keepsLeft && isPreserved(ref.left, alias) : keepsRight && isPreserved(ref.right, alias);
}
