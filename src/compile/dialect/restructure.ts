import type { Expression, Modifier, SelectNode, SetOperationNode } from "../../ports/syntax-tree.ts";
import { plainSelect, subqueryRef } from "../incremental/exact-tree.ts";
import { bareName, type Carry, sameName } from "./carry.ts";
import { columnRef, constantOf, integerConstant, type OrderKey } from "./tree-builders.ts";

const isOrder = (modifier: Modifier): boolean => modifier.type === "ORDER_MODIFIER";
const isDistinct = (modifier: Modifier): boolean => modifier.type === "DISTINCT_MODIFIER";
const ordersOf = (modifiers: readonly Modifier[]): readonly OrderKey[] =>
  modifiers.flatMap((modifier) => (modifier.orders ?? []) as readonly OrderKey[]);

/** Condition and order keys of the inner query; no model names columns so. */
const keep = "_assay_keep";
const orderColumn = (index: number): string => `_assay_order_${index}`;

/**
 * A SELECT that PostgreSQL can say: QUALIFY and DISTINCT ON as a condition on an inner query, ORDER BY of a DISTINCT around it. The node
 * itself where there is nothing to do; null where it was refused.
 */
export function qualifiedInside(node: SelectNode, names: readonly string[], carry: Carry): SelectNode | null {
  const distinct = node.modifiers.find(isDistinct);
  const targets = distinct?.distinct_on_targets ?? [];
  if (targets.length > 0) {
    const orders = ordersOf(node.modifiers);
    if (node.qualify !== null || orders.length === 0) {
      return carry.refuse(
        null,
        "DISTINCT ON without ORDER BY or with QUALIFY",
        "use QUALIFY row_number() OVER (PARTITION BY … ORDER BY …) = 1",
      );
    }
    carry.used("DISTINCT ON");
    const rest = node.modifiers.filter((modifier) => !isDistinct(modifier));
    return inside({ ...node, modifiers: rest, qualify: firstOf(targets, orders) }, names);
  }
  if (node.qualify !== null) {
    if (distinct !== undefined && node.modifiers.some(isOrder)) {
      return carry.refuse(null, "QUALIFY with DISTINCT and ORDER BY", "put the DISTINCT around it");
    }
    carry.used("QUALIFY");
    return inside(node, names);
  }
  if (distinct === undefined || !node.modifiers.some(isOrder)) return node;
  const outside = sortedOutside(node, names);
  return outside ?? carry.refuse(null, "ORDER BY of an expression that DISTINCT leaves out", "add it to the SELECT list");
}

/** `row_number() OVER (PARTITION BY targets ORDER BY orders) = 1` */
function firstOf(targets: readonly Expression[], orders: readonly OrderKey[]): Expression {
  const window = {
    class: "WINDOW",
    type: "WINDOW_ROW_NUMBER",
    alias: "",
    function_name: "row_number",
    schema: "",
    catalog: "",
    children: [],
    partitions: targets,
    orders,
    start: "UNBOUNDED_PRECEDING",
    end: "CURRENT_ROW_RANGE",
    start_expr: null,
    end_expr: null,
    offset_expr: null,
    default_expr: null,
    ignore_nulls: false,
    filter_expr: null,
    exclude_clause: "NO_OTHER",
    distinct: false,
    arg_orders: [],
  };
  return { class: "COMPARISON", type: "COMPARE_EQUAL", alias: "", left: window, right: integerConstant(1) } as unknown as Expression;
}

/** `SELECT names FROM (SELECT items, condition, order keys …) WHERE condition ORDER BY order keys` */
function inside(node: SelectNode, names: readonly string[]): SelectNode {
  const orders = ordersOf(node.modifiers);
  const items = node.select_list.map((item, index) => ({ ...item, alias: names[index] ?? "" }));
  const keys = orders.map((key, index) => ({ ...key.expression, alias: orderColumn(index) }));
  const inner = { ...node, select_list: [...items, { ...node.qualify, alias: keep }, ...keys], qualify: null, modifiers: [] } as SelectNode;
  const outer = plainSelect(
    names.map((name) => columnRef([name], name)),
    subqueryRef(inner, "_assay_rows", []),
  );
  const sorted = orders.map((key, index) => ({ ...key, expression: columnRef([orderColumn(index)]) }));
  const modifiers = node.modifiers.map((modifier) => (isOrder(modifier) ? { ...modifier, orders: sorted } : modifier));
  return { ...outer, where_clause: columnRef([keep]), modifiers };
}

/** `SELECT names FROM (node without its order) ORDER BY …`; null when it is ordered by something else than its columns. */
export function sortedOutside(node: SelectNode | SetOperationNode, names: readonly string[]): SelectNode | null {
  const items = node.type === "SELECT_NODE" ? node.select_list.map((item) => JSON.stringify({ ...item, alias: "" })) : [];
  const orders = ordersOf(node.modifiers).map((key) => {
    const name = bareName(key.expression);
    const place = constantOf(key.expression);
    const index = typeof place === "number" ? place - 1 : items.indexOf(JSON.stringify({ ...key.expression, alias: "" }));
    const found = names[index] ?? (name === null ? undefined : names.find((other) => sameName(other, name)));
    return found === undefined ? null : { ...key, expression: columnRef([found]) };
  });
  if (orders.includes(null)) return null;
  const inner = { ...node, modifiers: node.modifiers.filter(isDistinct) };
  const outer = plainSelect(
    names.map((name) => columnRef([name], name)),
    subqueryRef(inner, "_assay_rows", []),
  );
  const modifiers = node.modifiers.filter((modifier) => !isDistinct(modifier));
  return { ...outer, modifiers: modifiers.map((modifier) => (isOrder(modifier) ? ({ ...modifier, orders } as Modifier) : modifier)) };
}
