import type { Expression, QueryNode, TableRef } from "../ports/syntax-tree.ts";

/** A table name in a query's text that is not a CTE. */
export interface TableReferenceInSql {
  /** As written: `schema.name`, `catalog.schema.name`, or `name` alone. */
  readonly name: string;
  /** Byte offset of the name in the text; null when the parser does not tell. */
  readonly offset: number | null;
}

/** Every table a query reads, CTEs resolved by scope. */
export function tableReferences(node: QueryNode): readonly TableReferenceInSql[] {
  const found: TableReferenceInSql[] = [];
  visitNode(node, new Set(), found);
  return found;
}

function visitNode(node: QueryNode, outer: ReadonlySet<string>, found: TableReferenceInSql[]): void {
  const scope = new Set(outer);
  for (const entry of node.cte_map.map) {
    // A CTE sees the ones before it; a recursive one also sees itself, through its own node.
    visitNode(entry.value.query.node, scope, found);
    scope.add(entry.key.toLowerCase());
  }
  switch (node.type) {
    case "SELECT_NODE":
      visitRef(node.from_table, scope, found);
      visitExpressions(node, scope, found);
      return;
    case "SET_OPERATION_NODE":
      for (const child of node.children ?? [node.left, node.right]) if (child !== undefined) visitNode(child, scope, found);
      return;
    case "RECURSIVE_CTE_NODE":
      scope.add(node.cte_name.toLowerCase());
      visitNode(node.left, scope, found);
      visitNode(node.right, scope, found);
      return;
    case "CTE_NODE":
      visitNode(node.query, scope, found);
      scope.add(node.cte_name.toLowerCase());
      visitNode(node.child, scope, found);
      return;
    default:
      node satisfies never;
  }
}

function visitRef(ref: TableRef | null, scope: ReadonlySet<string>, found: TableReferenceInSql[]): void {
  if (ref === null) return;
  if (ref.type === "BASE_TABLE") {
    if (ref.schema_name === "" && scope.has(ref.table_name.toLowerCase())) return;
    const name = [ref.catalog_name, ref.schema_name, ref.table_name].filter((part) => part !== "").join(".");
    found.push({ name, offset: Number.isSafeInteger(ref.query_location) ? ref.query_location : null });
    return;
  }
  visitExpressions(ref, scope, found);
}

/** Walks whatever holds expressions or table references: select lists, conditions, joins, subqueries, pivots. */
function visitExpressions(part: unknown, scope: ReadonlySet<string>, found: TableReferenceInSql[]): void {
  if (Array.isArray(part)) {
    for (const item of part) visitExpressions(item, scope, found);
    return;
  }
  if (part === null || typeof part !== "object") return;
  for (const [key, value] of Object.entries(part as Record<string, unknown>)) {
    // CTEs and the FROM of a SELECT were visited by their own node.
    if (key === "cte_map" || key === "from_table" || value === null || typeof value !== "object") continue;
    if (isQueryNode(value)) visitNode(value, scope, found);
    else if (isTableRef(value)) visitRef(value, scope, found);
    else visitExpressions(value as Expression, scope, found);
  }
}

function isQueryNode(value: object): value is QueryNode {
  return "cte_map" in value;
}

function isTableRef(value: object): value is TableRef {
  return (
    "type" in value && !("class" in value) && ["BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "PIVOT"].includes(String(value.type))
  );
}
