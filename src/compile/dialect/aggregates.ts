import type { Expression } from "../../ports/syntax-tree.ts";
import { type AggregateParts, aggregateRules, windowAggregates, windowRule } from "./aggregate-rules.ts";
import { applied, argumentOf, type Place } from "./place.ts";
import { type Argument, familyOfArgument, inByteOrder, refused } from "./rule.ts";
import { adviceFor } from "./scalar-rules.ts";
import type { AnyExpression, OrderKey } from "./tree-builders.ts";

/** Expressions that become arguments of one placeholder; `hole` gives the place of each. */
interface Holes {
  readonly trees: Expression[];
  hole(tree: Expression): string;
}

function createHoles(): Holes {
  const trees: Expression[] = [];
  return { trees, hole: (tree) => `$${trees.push(tree)}` };
}

/** An aggregate of a group. */
export async function aggregateCall(expression: Expression, place: Place): Promise<Expression> {
  const orders = (expression.order_bys?.orders ?? []) as readonly OrderKey[];
  return finishedCall(expression, expression.children ?? [], orders, expression.filter ?? null, null, "aggregate", place);
}

/** A window function, or an aggregate over a window. */
export async function windowCall(expression: Expression, place: Place): Promise<Expression> {
  const window = expression as AnyExpression;
  const refuse = (construct: string, fix: string) => place.carry.refuse(expression, construct, fix);
  if (window.ignore_nulls === true) return refuse("IGNORE NULLS", "PostgreSQL has none: take the value with arg_max in a subquery");
  if (window.exclude_clause !== "NO_OTHER") return refuse("EXCLUDE in a window", "subtract what is to be left out");
  const extra = [window.offset_expr, window.default_expr].flatMap((item) => item ?? []);
  // A default without an offset does not occur: the parser fills places from the left.
  const args = [...(window.children ?? []), ...extra];
  const orders = (window.arg_orders ?? []) as readonly OrderKey[];
  return finishedCall(expression, args, orders, window.filter_expr ?? null, window, "window", place);
}

async function finishedCall(
  expression: Expression,
  children: readonly Expression[],
  orders: readonly OrderKey[],
  filter: Expression | null,
  window: AnyExpression | null,
  kind: "aggregate" | "window",
  place: Place,
): Promise<Expression> {
  const name = (expression.function_name ?? "").toLowerCase();
  const construct = `${kind} ${name}`;
  const holes = createHoles();
  const before = place.carry.refused.length;
  const args: Argument[] = [];
  const isRow = rowArguments.has(name) && isRowCall(children.at(-1));
  for (const child of isRow ? [...children.slice(0, -1), ...(children.at(-1)?.children ?? [])] : children) {
    const argument = argumentOf(child, await place.expression(child), place);
    args.push(argument);
    holes.hole(argument.tree);
  }
  const keys: { text: string; source: Expression }[] = [];
  for (const key of orders) keys.push({ text: await orderKey(key, holes, place), source: key.expression });
  const over = window === null ? null : await overClause(window, holes, place);
  if (over !== null && typeof over !== "string") return place.carry.refuse(expression, over.construct, over.fix);
  const condition = filter === null ? null : holes.hole(await place.expression(filter));
  if (condition !== null) place.carry.used("FILTER");
  if (place.carry.refused.length > before) return expression;
  const parts: AggregateParts = { distinct: expression.distinct === true, orders: keys, filter: condition, over };
  const call = { name, args, isRow, result: place.types.get(expression) ?? null };
  const isOrdered = (window?.orders ?? []).length > 0;
  const isKnown = Object.hasOwn(aggregateRules, name) && (window === null || windowAggregates.has(name));
  const rule = isKnown ? aggregateRules[name] : undefined;
  const outcome = (window === null ? null : windowRule(call, parts, isOrdered)) ?? rule?.(call, parts) ?? refused(adviceFor(name));
  return applied(outcome, expression, holes.trees, construct, place);
}

const rowArguments: ReadonlySet<string> = new Set(["count", "arg_max", "argmax", "max_by", "arg_min", "argmin", "min_by"]);

const isRowCall = (item: Expression | undefined): boolean => item?.class === "FUNCTION" && item.function_name?.toLowerCase() === "row";

/** `key desc nulls last` */
async function orderKey(key: OrderKey, holes: Holes, place: Place): Promise<string> {
  const hole = holes.hole(await place.expression(key.expression));
  const { family, descending, nulls } = orderOf(key, place);
  return `${family === "text" ? inByteOrder(hole) : hole} ${descending ? "desc" : "asc"} nulls ${nulls.toLowerCase()}`;
}

async function overClause(
  window: AnyExpression,
  holes: Holes,
  place: Place,
): Promise<string | { readonly construct: string; readonly fix: string }> {
  const partitions: string[] = [];
  for (const partition of window.partitions ?? []) partitions.push(holes.hole(await place.expression(partition)));
  const orders: string[] = [];
  for (const key of (window.orders ?? []) as readonly OrderKey[]) orders.push(await orderKey(key, holes, place));
  const frame = frameOf(window);
  if (frame === null) {
    return { construct: "a window frame by RANGE or GROUPS with a distance", fix: "use ROWS with a constant number of rows" };
  }
  const parts = [
    partitions.length === 0 ? "" : `partition by ${partitions.join(", ")}`,
    orders.length === 0 ? "" : `order by ${orders.join(", ")}`,
    frame,
  ];
  return `(${parts.filter((part) => part !== "").join(" ")})`;
}

/** The frame; empty for the default, null for one that is not carried over. */
function frameOf({ start = "", end = "", start_expr, end_expr }: AnyExpression): string | null {
  if (start === "UNBOUNDED_PRECEDING" && end === "CURRENT_ROW_RANGE") return "";
  const units = [start, end].flatMap((bound) => /_(ROWS|RANGE|GROUPS)$/.exec(bound)?.[1] ?? []);
  const unit = units[0] ?? "ROWS";
  if (units.some((other) => other !== unit)) return null;
  const bounds = [boundOf(start, start_expr, unit), boundOf(end, end_expr, unit)];
  return bounds.includes(null) ? null : `${unit.toLowerCase()} between ${bounds.join(" and ")}`;
}

function boundOf(bound: string, distance: Expression | null | undefined, unit: string): string | null {
  const name = bound.replace(/_(ROWS|RANGE|GROUPS)$/, "");
  if (name === "UNBOUNDED_PRECEDING") return "unbounded preceding";
  if (name === "UNBOUNDED_FOLLOWING") return "unbounded following";
  if (name === "CURRENT_ROW") return "current row";
  const rows = distance?.value?.value;
  if (unit !== "ROWS" || distance?.class !== "CONSTANT" || typeof rows !== "number") return null;
  return `${rows} ${name === "EXPR_PRECEDING" ? "preceding" : "following"}`;
}

/** A key of the ORDER BY of a query; texts are ordered by bytes. */
export async function carriedOrder(key: OrderKey, place: Place): Promise<OrderKey> {
  const { family, descending, nulls } = orderOf(key, place);
  const tree = await place.expression(key.expression);
  return {
    type: descending ? "DESCENDING" : "ASCENDING",
    null_order: `NULLS ${nulls}`,
    expression: family === "text" ? place.carry.fragments.placeholder(inByteOrder("$1"), [tree]) : tree,
  };
}

/** How DuckDB orders by a key, with both of its defaults filled in. */
function orderOf({ expression, type, null_order }: OrderKey, place: Place) {
  const family = familyOfArgument(argumentOf(expression, expression, place));
  if (family === null || family === "json" || family === "interval") {
    place.carry.refuse(expression, "ORDER BY of this type", "order by a number, text, date or boolean");
  }
  return { family, descending: type === "DESCENDING", nulls: /FIRST/i.test(null_order) ? "FIRST" : "LAST" };
}
