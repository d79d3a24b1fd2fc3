import type { Expression, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import { conjuncts } from "./tree.ts";

/** Functions that are null whenever an argument is. */
const strictFunctions = new Set(
  "+ - * / % || ~~ !~~ ~~~ abs round floor ceil lower upper trim ltrim rtrim length year month day hour minute second quarter week dayofweek isodow date_trunc date_part strftime monthname dayname regexp_matches contains starts_with prefix suffix ends_with".split(
    " ",
  ),
);

/** Names (`alias.column` or `column`, lower case) that WHERE and inner joins prove to be present in every row. */
export function presentColumns(node: SelectNode): ReadonlySet<string> {
  const conditions = [...conjuncts(node.where_clause), ...innerConditions(node.from_table)];
  return new Set(conditions.flatMap(presentWhenTrue));
}

/** Conditions every row of a FROM satisfies; behind an outer or positional join a side may be missing. */
function innerConditions(ref: TableRef | null): readonly Expression[] {
  if (ref === null || ref.type !== "JOIN" || ref.join_type !== "INNER" || ref.ref_type === "POSITIONAL") return [];
  return [...conjuncts(ref.condition), ...innerConditions(ref.left), ...innerConditions(ref.right)];
}

/** Columns that cannot be null where the condition is true. */
function presentWhenTrue(condition: Expression): readonly string[] {
  const [first] = condition.children ?? [];
  if (condition.type === "OPERATOR_IS_NOT_NULL" && first !== undefined) return presentIn(first);
  if (condition.type === "OPERATOR_NOT" && first?.type === "OPERATOR_IS_NULL") return (first.children ?? []).flatMap(presentIn);
  // `x in (select …)` is a comparison with some row; only `not in` could be true without one.
  if (condition.class === "SUBQUERY" && condition.child) return presentIn(condition.child);
  return presentIn(condition);
}

/** Columns that cannot be null where the expression is not. */
function presentIn(expression: Expression): readonly string[] {
  const { children = [], child, left, right } = expression;
  switch (expression.class) {
    case "COLUMN_REF":
      return [(expression.column_names ?? []).slice(-2).join(".").toLowerCase()];
    case "CAST":
      return child === undefined ? [] : presentIn(child);
    case "COMPARISON":
      return isStrictComparison(expression) ? [left, right].flatMap((side) => (side === undefined ? [] : presentIn(side))) : [];
    case "BETWEEN":
      return expression.input === undefined ? [] : presentIn(expression.input);
    case "OPERATOR":
      return ["COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_NOT"].includes(expression.type) ? children.slice(0, 1).flatMap(presentIn) : [];
    case "FUNCTION":
      return isStrictFunction(expression) ? children.flatMap(presentIn) : [];
    default:
      return [];
  }
}

/** Null when a side is; `is distinct from` never is. */
export function isStrictComparison(expression: Expression): boolean {
  return expression.type !== "COMPARE_DISTINCT_FROM" && expression.type !== "COMPARE_NOT_DISTINCT_FROM";
}

export function isStrictFunction(expression: Expression): boolean {
  return strictFunctions.has((expression.function_name ?? "").toLowerCase());
}
