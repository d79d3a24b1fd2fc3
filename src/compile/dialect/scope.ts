import type { DescribedColumn } from "../../ports/engine.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { CteEntry, Expression, QueryNode, SyntaxTree, TableRef } from "../../ports/syntax-tree.ts";
import type { Params } from "../../terms.ts";
import { plainSelect, printable, printExactly, selectAllFrom, subqueryRef, walk } from "../incremental/exact-tree.ts";
import { lowerName } from "./carry.ts";
import { columnRef, functionCall } from "./tree-builders.ts";

/** Asks DuckDB's binder about a query that stands somewhere within the model's: types and names come from nowhere else. */
export interface Scope {
  /** Columns of the query; null where it cannot be bound at this place. */
  describe(node: QueryNode): Promise<readonly DescribedColumn[] | null>;
  /** The scope of what stands after these WITH entries. */
  withCtes(entries: readonly CteEntry[]): Scope;
  /** The scope of a subquery expression, which sees the columns of the FROM around it. */
  within(from: TableRef | null): Scope;
}

export function outermostScope(analyzer: SqlAnalyzer, tree: SyntaxTree, params: Params): Scope {
  return scopeOf(analyzer, tree, params, (node) => node);
}

function scopeOf(analyzer: SqlAnalyzer, tree: SyntaxTree, params: Params, whole: (node: QueryNode) => QueryNode): Scope {
  return {
    describe: async (node) => {
      const full = printable(whole(node));
      const [text] = await printExactly(analyzer, [full], tree);
      if (text === null || text === undefined) return null;
      const outcome = await analyzer.describe(text, usedParams(full, params));
      return "failure" in outcome ? null : outcome.columns;
    },
    withCtes: (entries) =>
      scopeOf(analyzer, tree, params, (node) => {
        const map = readEntries(entries, node);
        return whole(map.length === 0 ? node : { ...selectAllFrom(node), cte_map: { map } });
      }),
    within: (from) =>
      from === null || from.type === "EMPTY"
        ? scopeOf(analyzer, tree, params, whole)
        : scopeOf(analyzer, tree, params, (node) => whole(plainSelect([starOf("query")], besides(from, node)))),
  };
}

/** The WITH entries that a query reads, itself or through one another: the fewer there are, the more questions are the same. */
function readEntries(entries: readonly CteEntry[], node: QueryNode): readonly CteEntry[] {
  const read = new Set<string>();
  const note = (part: unknown): void =>
    walk(part, (item) => {
      if (item.type === "BASE_TABLE" && item.schema_name === "") read.add(lowerName(String(item.table_name)));
      return true;
    });
  note(node);
  // An entry reads those before it.
  const found = entries.toReversed().filter((entry) => {
    const isRead = read.has(lowerName(entry.key));
    if (isRead) note(entry.value);
    return isRead;
  });
  return found.toReversed();
}

/** `from JOIN (node) AS "query" ON true`: DuckDB lets the query read the columns beside it. */
function besides(from: TableRef, node: QueryNode): object {
  const join = { type: "JOIN", alias: "", sample: null, left: from, right: subqueryRef(node, "query", []), condition: null };
  return { ...join, join_type: "INNER", ref_type: "CROSS", using_columns: [], delim_flipped: false, duplicate_eliminated_columns: [] };
}

/** `relation.*` */
export function starOf(relation: string): Expression {
  const names = { relation_name: relation, exclude_list: [], replace_list: [], columns: false, expr: null };
  return { class: "STAR", type: "STAR", alias: "", ...names, qualified_exclude_list: [], rename_list: [] } as unknown as Expression;
}

function usedParams(node: QueryNode, params: Params): Params {
  const used = new Set<string>();
  walk(node, (item) => {
    if (item.class === "PARAMETER") used.add(String(item.identifier));
    return true;
  });
  return Object.fromEntries(Object.entries(params).filter(([name]) => used.has(name)));
}

/** Types of expressions over a FROM, in their order; null where the binder does not tell. */
export async function typesOf(
  expressions: readonly Expression[],
  from: TableRef | null,
  scope: Scope,
  isAggregate: (name: string) => boolean,
): Promise<readonly (string | null)[]> {
  const plain = expressions.map((expression) => overWholeInput(expression, isAggregate));
  const grouped = plain.map((probe) => probe.aggregated);
  const types: (string | null)[] = expressions.map(() => null);
  for (const kind of [false, true]) {
    const places = plain.flatMap((_, index) => (grouped[index] === kind ? [index] : []));
    const found = await describeItems(
      places.map((index) => plain[index]?.expression ?? columnRef([""])),
      from,
      scope,
    );
    for (const [position, index] of places.entries()) types[index] = found[position] ?? null;
  }
  return types;
}

async function describeItems(items: readonly Expression[], from: TableRef | null, scope: Scope): Promise<readonly (string | null)[]> {
  if (items.length === 0) return [];
  const named = items.map((item, index) => ({ ...item, alias: `p${index}` }));
  const columns = await scope.describe(plainSelect(named, from));
  if (columns !== null && columns.length === items.length) return columns.map((column) => column.type);
  if (items.length === 1) return [null];
  // One that cannot be bound spoils the others.
  const half = Math.ceil(items.length / 2);
  return [...(await describeItems(items.slice(0, half), from, scope)), ...(await describeItems(items.slice(half), from, scope))];
}

interface Probe {
  readonly expression: Expression;
  readonly aggregated: boolean;
}

/**
 * The expression so that it can stand alone over the whole FROM with the same type: a window without its order, and single columns beside
 * aggregates as any of their values.
 */
function overWholeInput(expression: Expression, isAggregate: (name: string) => boolean): Probe {
  const bare = changedParts(expression, (part) => (part.class === "WINDOW" ? withoutOrder(part) : part));
  if (!hasAggregate(bare, isAggregate)) return { expression: bare, aggregated: false };
  return { expression: singleValues(bare, isAggregate), aggregated: true };
}

function withoutOrder(window: Expression): Expression {
  const whole = { start: "UNBOUNDED_PRECEDING", end: "CURRENT_ROW_RANGE", start_expr: null, end_expr: null };
  return { ...window, partitions: [], orders: [], ...whole } as Expression;
}

function isAggregateCall(part: Expression, isAggregate: (name: string) => boolean): boolean {
  return part.class === "FUNCTION" && isAggregate((part.function_name ?? "").toLowerCase());
}

/** An aggregate that is no window; queries within are not entered. */
export function hasAggregate(part: unknown, isAggregate: (name: string) => boolean): boolean {
  let found = false;
  walk(part, (item) => {
    if ("cte_map" in item) return false;
    if (typeof item.class === "string" && isAggregateCall(item as unknown as Expression, isAggregate)) found = true;
    return !found;
  });
  return found;
}

function singleValues(part: Expression, isAggregate: (name: string) => boolean): Expression {
  if (isAggregateCall(part, isAggregate)) return part;
  if (part.class === "COLUMN_REF") {
    return functionCall("any_value", [part]);
  }
  return changedChildren(part, (child) => singleValues(child, isAggregate));
}

/** The expression with every expression in it changed, from the leaves up; queries within are not entered. */
function changedParts(part: Expression, change: (part: Expression) => Expression): Expression {
  return change(changedChildren(part, (child) => changedParts(child, change)));
}

/** The expression with the expressions directly below it changed; queries within are not entered. */
export function changedChildren(part: Expression, change: (part: Expression) => Expression): Expression {
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (value === null || typeof value !== "object" || "rawJSON" in value || "cte_map" in value) return value;
    if ("class" in value) return change(value as Expression);
    return copied(value, visit);
  };
  return copied(part, visit) as Expression;
}

/** A copy with the values changed; symbols are kept. */
function copied(part: object, visit: (value: unknown) => unknown): object {
  return { ...part, ...Object.fromEntries(Object.entries(part).map(([key, value]) => [key, visit(value)])) };
}
