import type { ContractColumn } from "../define/types.ts";
import type { Expression, QueryNode, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { conjuncts, type Leaf, leavesOf } from "./tree.ts";

/** Can the value be absent? `unknown` where the shape of the SQL does not tell. */
export type Nullability = "no" | "yes" | "unknown";

/** What is known of one output column of a query. */
export interface OutputColumn {
  readonly name: string;
  readonly nullability: Nullability;
  /** The upstream column it is, unchanged; null when computed. */
  readonly origin: { readonly table: TableName; readonly column: string; readonly alias: string } | null;
}

export type TableColumns = ReadonlyMap<string, readonly ContractColumn[]>;

type Scope = ReadonlyMap<string, readonly OutputColumn[]>;

/** Output columns of a query, or null where its shape is not followed (pivots, table functions, star modifiers …). */
export function outputColumns(node: QueryNode, tables: TableColumns, scope: Scope = new Map()): readonly OutputColumn[] | null {
  const inner = new Map(scope);
  for (const entry of node.cte_map.map) {
    const columns = outputColumns(entry.value.query.node, tables, inner);
    inner.set(entry.key.toLowerCase(), columns ?? []);
  }
  switch (node.type) {
    case "SELECT_NODE":
      return selectColumns(node, tables, inner);
    case "SET_OPERATION_NODE": {
      const children = node.children ?? (node.left !== undefined && node.right !== undefined ? [node.left, node.right] : []);
      return combine(children.map((child) => outputColumns(child, tables, inner)));
    }
    case "CTE_NODE":
      inner.set(node.cte_name.toLowerCase(), outputColumns(node.query, tables, inner) ?? []);
      return outputColumns(node.child, tables, inner);
    case "RECURSIVE_CTE_NODE":
      return null;
    default:
      return node satisfies never;
  }
}

/** The columns a leaf of a FROM offers. */
function leafColumns(leaf: Leaf, tables: TableColumns, scope: Scope): readonly OutputColumn[] | null {
  const { ref } = leaf;
  if (ref.type === "SUBQUERY") return outputColumns(ref.subquery.node, tables, scope);
  if (ref.type !== "BASE_TABLE") return null;
  const cte = ref.schema_name === "" ? scope.get(ref.table_name.toLowerCase()) : undefined;
  if (cte !== undefined) return cte.length === 0 ? null : cte;
  const table = `${ref.schema_name}.${ref.table_name}` as TableName;
  return (
    tables.get(table)?.map((column) => ({
      name: column.name,
      nullability: column.nullable ? "yes" : "no",
      origin: { table, column: column.name, alias: leaf.alias },
    })) ?? null
  );
}

interface BoundLeaf {
  readonly alias: string;
  readonly columns: readonly OutputColumn[];
}

function selectColumns(node: SelectNode, tables: TableColumns, scope: Scope): readonly OutputColumn[] | null {
  const leaves: BoundLeaf[] = [];
  const present = nonNullColumns(node);
  for (const leaf of leavesOf(node.from_table)) {
    const columns = leafColumns(leaf, tables, scope);
    if (columns === null) return null;
    leaves.push({ alias: leaf.alias.toLowerCase(), columns: refine(leaf, columns, present) });
  }
  const outputs: OutputColumn[] = [];
  for (const item of node.select_list) {
    if (item.class === "STAR") {
      const star = starColumns(item, node, leaves);
      if (star === null) return null;
      outputs.push(...star);
      continue;
    }
    const source = item.class === "COLUMN_REF" ? resolveColumn(item, leaves) : null;
    const name = item.alias || item.column_names?.at(-1) || "";
    outputs.push({ name, nullability: nullabilityOf(item, leaves, node), origin: source?.origin ?? null });
  }
  return outputs;
}

function starColumns(star: Expression, node: SelectNode, leaves: readonly BoundLeaf[]): readonly OutputColumn[] | null {
  const { exclude_list, replace_list, qualified_exclude_list, rename_list, expr, columns } = star as Expression & Readonly<Record<string, unknown>>;
  const modified = [exclude_list, replace_list, qualified_exclude_list, rename_list].some((list) => Array.isArray(list) && list.length > 0);
  const joinsUsing = node.from_table?.type === "JOIN" && usesUsing(node.from_table);
  if (modified || expr !== null || columns === true || joinsUsing) return null;
  const relation = (star.relation_name ?? "").toLowerCase();
  return leaves.filter((leaf) => relation === "" || leaf.alias === relation).flatMap((leaf) => leaf.columns);
}

function usesUsing(ref: TableRef): boolean {
  return ref.type === "JOIN" && (ref.using_columns.length > 0 || usesUsing(ref.left) || usesUsing(ref.right));
}

function resolveColumn(reference: Expression, leaves: readonly BoundLeaf[]): OutputColumn | null {
  const names = (reference.column_names ?? []).map((name) => name.toLowerCase());
  const column = names.at(-1);
  const alias = names.at(-2);
  if (alias !== undefined) {
    return leaves.find((leaf) => leaf.alias === alias)?.columns.find((item) => item.name.toLowerCase() === column) ?? null;
  }
  // Without a qualifier the first leaf wins: any other that has the name too was joined by USING, or the binder refuses it.
  for (const leaf of leaves) {
    const found = leaf.columns.find((item) => item.name.toLowerCase() === column);
    if (found !== undefined) return found;
  }
  return null;
}

/** Names (`alias.column` or `column`) that WHERE and inner joins prove to be present in every row. */
function nonNullColumns(node: SelectNode): ReadonlySet<string> {
  const conditions = [...conjuncts(node.where_clause), ...innerConditions(node.from_table)];
  return new Set(conditions.flatMap(provedBy));
}

function innerConditions(ref: TableRef | null): readonly Expression[] {
  if (ref === null || ref.type !== "JOIN" || ref.join_type !== "INNER") return [];
  return [...conjuncts(ref.condition), ...innerConditions(ref.left), ...innerConditions(ref.right)];
}

const strictComparisons = new Set([
  "COMPARE_EQUAL",
  "COMPARE_NOTEQUAL",
  "COMPARE_LESSTHAN",
  "COMPARE_GREATERTHAN",
  "COMPARE_LESSTHANOREQUALTO",
  "COMPARE_GREATERTHANOREQUALTO",
]);

function provedBy(condition: Expression): readonly string[] {
  if (condition.type === "OPERATOR_IS_NOT_NULL") return (condition.children ?? []).flatMap(columnName);
  if (strictComparisons.has(condition.type)) return [condition.left, condition.right].flatMap((side) => (side === undefined ? [] : columnName(side)));
  if (condition.type === "COMPARE_IN" || condition.type === "COMPARE_BETWEEN" || condition.class === "BETWEEN") {
    const tested = condition.children?.[0] ?? (condition as { readonly input?: Expression }).input;
    return tested === undefined ? [] : columnName(tested);
  }
  return [];
}

function columnName(expression: Expression): readonly string[] {
  if (expression.class === "CAST" && expression.try_cast !== true && expression.child !== undefined) return columnName(expression.child);
  if (expression.class !== "COLUMN_REF") return [];
  return [(expression.column_names ?? []).slice(-2).join(".").toLowerCase()];
}

/** A leaf's columns as seen behind its outer joins and WHERE. */
function refine(leaf: Leaf, columns: readonly OutputColumn[], present: ReadonlySet<string>): readonly OutputColumn[] {
  const alias = leaf.alias.toLowerCase();
  const proved = (column: OutputColumn): boolean => present.has(`${alias}.${column.name.toLowerCase()}`);
  // One column proved present means the row was not null-extended, so all its columns are as their contract says.
  const extended = leaf.nullable && !columns.some(proved);
  return columns.map((column) => {
    if (proved(column) || present.has(column.name.toLowerCase())) return { ...column, nullability: "no" };
    return extended ? { ...column, nullability: "yes" } : column;
  });
}

/** Functions that are null exactly when an argument is. */
const strictFunctions = new Set(
  "+ - * || abs round floor ceil lower upper trim ltrim rtrim length year month day hour minute second quarter week dayofweek isodow date_trunc date_part strftime monthname dayname".split(" "),
);

function nullabilityOf(expression: Expression, leaves: readonly BoundLeaf[], node: SelectNode): Nullability {
  const all = (parts: readonly Expression[]): readonly Nullability[] => parts.map((part) => nullabilityOf(part, leaves, node));
  switch (expression.class) {
    case "COLUMN_REF":
      return resolveColumn(expression, leaves)?.nullability ?? "unknown";
    case "CONSTANT":
      return expression.value?.is_null === true ? "yes" : "no";
    case "CAST":
      return expression.try_cast === true || expression.child === undefined ? "unknown" : nullabilityOf(expression.child, leaves, node);
    case "COMPARISON":
      return worst(all([expression.left, expression.right].filter((side) => side !== undefined)));
    case "OPERATOR": {
      if (expression.type === "OPERATOR_COALESCE") {
        const parts = all(expression.children ?? []);
        if (parts.includes("no")) return "no";
        return parts.every((part) => part === "yes") ? "yes" : "unknown";
      }
      return expression.type === "OPERATOR_IS_NULL" || expression.type === "OPERATOR_IS_NOT_NULL" ? "no" : "unknown";
    }
    case "FUNCTION": {
      const name = (expression.function_name ?? "").toLowerCase();
      if (name === "count" || name === "count_star") return "no";
      if (strictFunctions.has(name)) return worst(all(expression.children ?? []));
      const aggregates = name === "sum" || name === "min" || name === "max" || name === "avg";
      const filtered = (expression as { readonly filter?: Expression | null }).filter ?? null;
      // A group holds at least one row, so only an absent argument can make it null.
      if (aggregates && filtered === null && isGrouped(node)) {
        return worst(all(expression.children ?? [])) === "no" ? "no" : "unknown";
      }
      return "unknown";
    }
    case "WINDOW":
      return expression.type === "WINDOW_ROW_NUMBER" || expression.type === "WINDOW_RANK" ? "no" : "unknown";
    default:
      return "unknown";
  }
}

/** GROUP BY with at least one key; GROUP BY ALL has no expressions of its own. */
export function isGrouped(node: SelectNode): boolean {
  return node.group_expressions.length > 0 || node.aggregate_handling === "FORCE_AGGREGATES";
}

function worst(parts: readonly Nullability[]): Nullability {
  if (parts.includes("yes")) return "yes";
  return parts.includes("unknown") ? "unknown" : "no";
}

function combine(children: readonly (readonly OutputColumn[] | null)[]): readonly OutputColumn[] | null {
  const [first, ...others] = children;
  if (first === undefined || first === null) return null;
  return first.map((column, index) => ({
    name: column.name,
    origin: null,
    nullability: worst([column.nullability, ...others.map((other) => other?.[index]?.nullability ?? "unknown")]),
  }));
}
