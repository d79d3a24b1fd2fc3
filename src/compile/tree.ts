import type { Expression, QueryNode, SelectNode, TableRef } from "../ports/syntax-tree.ts";

/** Every expression directly below one. */
function childExpressions(expression: Expression): readonly Expression[] {
  return [
    ...(expression.children ?? []),
    ...(expression.left ? [expression.left] : []),
    ...(expression.right ? [expression.right] : []),
    ...(expression.child ? [expression.child] : []),
    ...[expression.input, expression.lower, expression.upper].filter((part) => part !== undefined),
    ...(expression.case_checks ?? []).flatMap((item) => [item.when_expr, item.then_expr]),
    ...(expression.else_expr ? [expression.else_expr] : []),
  ];
}

/** Does any expression in the tree below (subqueries excluded) satisfy the test? */
export function someExpression(expression: Expression, test: (part: Expression) => boolean): boolean {
  return test(expression) || childExpressions(expression).some((child) => someExpression(child, test));
}

/** The parts of a condition that all have to hold. */
export function conjuncts(condition: Expression | null): readonly Expression[] {
  if (condition === null) return [];
  if (condition.type === "CONJUNCTION_AND") return (condition.children ?? []).flatMap(conjuncts);
  return [condition];
}

/** The outermost SELECT; null for set operations and recursion. */
export function outerSelect(node: QueryNode): SelectNode | null {
  if (node.type === "SELECT_NODE") return node;
  if (node.type === "CTE_NODE") return outerSelect(node.child);
  return null;
}

/** One table, subquery or function in a FROM. */
export interface Leaf {
  readonly ref: TableRef;
  readonly alias: string;
  /** On the null-extended side of an outer join. */
  readonly nullable: boolean;
}

/** The leaves of a FROM whose columns can be seen, left to right. */
export function leavesOf(ref: TableRef | null, nullable = false): readonly Leaf[] {
  if (ref === null || ref.type === "EMPTY") return [];
  if (ref.type !== "JOIN") return [{ ref, alias: ref.alias || (ref.type === "BASE_TABLE" ? ref.table_name : ""), nullable }];
  // The shorter side of a positional join is filled up with nulls.
  const both = nullable || ref.join_type === "FULL" || ref.ref_type === "POSITIONAL";
  const left = leavesOf(ref.left, both || ref.join_type === "RIGHT");
  // The right side of a semi or anti join only decides which rows stay.
  return ref.join_type === "SEMI" || ref.join_type === "ANTI" ? left : [...left, ...leavesOf(ref.right, both || ref.join_type === "LEFT")];
}
