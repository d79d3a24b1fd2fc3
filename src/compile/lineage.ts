import { quoteText } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { BaseTableRef, Expression, QueryNode, SelectNode, TableRef } from "../ports/syntax-tree.ts";
import type { TableName } from "../terms.ts";
import { isStrictComparison, isStrictFunction, presentColumns } from "./presence.ts";
import { type Leaf, leavesOf } from "./tree.ts";

/** Can the value be absent? `unknown` where the shape of the SQL does not tell. */
export type Nullability = "no" | "yes" | "unknown";

/** What is known of one output column of a query. */
export interface OutputColumn {
  readonly name: string;
  readonly nullability: Nullability;
  /** The upstream column it is, unchanged; null when computed. */
  readonly origin: { readonly table: TableName; readonly column: string; readonly alias: string } | null;
  /** For `coalesce(column, constant)`. */
  readonly filled?: FilledColumn | null | undefined;
  /** A JSON value may be `null` without being absent, and becomes absent when cast. */
  readonly json?: boolean;
}

/** An upstream column with a constant (SQL) in place of its absence. */
export interface FilledColumn {
  readonly column: string;
  readonly alias: string;
  readonly constant: string;
  /** Cast to an integer type: the same values only where the column holds integers. */
  readonly asInteger: boolean;
}

const integerTypes = new Set(["TINYINT", "SMALLINT", "INTEGER", "BIGINT"]);

export type TableColumns = ReadonlyMap<string, readonly ContractColumn[]>;

type Scope = ReadonlyMap<string, readonly OutputColumn[]>;

/** Output columns of a query, or null where its shape is not followed (pivots, table functions, star modifiers …). */
export function outputColumns(node: QueryNode, tables: TableColumns, scope: Scope = new Map()): readonly OutputColumn[] | null {
  const inner = new Map(scope);
  for (const entry of node.cte_map.map) {
    const columns = outputColumns(entry.value.query.node, tables, inner);
    inner.set(entry.key.toLowerCase(), renamed(columns ?? [], entry.value.aliases));
  }
  switch (node.type) {
    case "SELECT_NODE":
      return selectColumns(node, tables, inner);
    case "SET_OPERATION_NODE": {
      const children = node.children ?? (node.left !== undefined && node.right !== undefined ? [node.left, node.right] : []);
      return combine(
        node.setop_type,
        children.map((child) => outputColumns(child, tables, inner)),
      );
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
  if (ref.type === "SUBQUERY") return derived(outputColumns(ref.subquery.node, tables, scope), ref.column_name_alias);
  if (ref.type !== "BASE_TABLE") return null;
  const cte = ref.schema_name === "" ? scope.get(ref.table_name.toLowerCase()) : undefined;
  if (cte !== undefined) return cte.length === 0 ? null : derived(cte, ref.column_name_alias);
  const table = tableNamed(ref, tables);
  if (table === null) return null;
  const columns = tables.get(table)?.map(
    (column): OutputColumn => ({
      name: column.name,
      nullability: column.nullable ? "yes" : "no",
      origin: { table, column: column.name, alias: leaf.alias },
      json: column.type.kind === "json",
    }),
  );
  return columns === undefined ? null : renamed(columns, ref.column_name_alias);
}

/** The table as it was declared: SQL may write its name in any case. */
export function tableNamed(ref: BaseTableRef, tables: TableColumns): TableName | null {
  const written = `${ref.schema_name}.${ref.table_name}`;
  if (tables.has(written)) return written as TableName;
  const name = [...tables.keys()].find((item) => item.toLowerCase() === written.toLowerCase());
  return name === undefined ? null : (name as TableName);
}

/** Columns of a subquery: an alias within it means nothing outside. */
function derived(columns: readonly OutputColumn[] | null, aliases: readonly string[]): readonly OutputColumn[] | null {
  if (columns === null) return null;
  return renamed(columns, aliases).map((column) => ({
    ...column,
    origin: column.origin === null ? null : { ...column.origin, alias: "" },
    filled: null,
  }));
}

/** `as name(first, second)`. */
function renamed(columns: readonly OutputColumn[], aliases: readonly string[]): readonly OutputColumn[] {
  return columns.map((column, index) => ({ ...column, name: aliases[index] ?? column.name }));
}

interface BoundLeaf {
  readonly alias: string;
  readonly columns: readonly OutputColumn[];
}

function selectColumns(node: SelectNode, tables: TableColumns, scope: Scope): readonly OutputColumn[] | null {
  const leaves = boundLeaves(node, tables, scope);
  if (leaves === null) return null;
  const outputs: OutputColumn[] = [];
  for (const item of node.select_list) {
    if (item.class === "STAR") {
      const star = starColumns(item, node, leaves);
      if (star === null) return null;
      outputs.push(...star);
      continue;
    }
    const source = item.class === "COLUMN_REF" ? resolveColumn(item, leaves, node) : null;
    const name = item.alias || item.column_names?.at(-1) || "";
    outputs.push({
      name,
      nullability: nullabilityOf(item, leaves, node),
      origin: source?.origin ?? null,
      filled: filledColumn(item, leaves, node),
      json: source?.json ?? isJsonCast(item),
    });
  }
  return outputs;
}

/** `coalesce(column, constant)`, the usual way to give absent keys an explicit member. */
function filledColumn(item: Expression, leaves: readonly BoundLeaf[], node: SelectNode): OutputColumn["filled"] {
  const { child } = item;
  if (item.class === "CAST" && child !== undefined && integerTypes.has(item.cast_type?.id ?? "")) {
    const inner = filledColumn(child, leaves, node);
    return inner === null || inner === undefined ? null : { ...inner, asInteger: true };
  }
  const [column, constant, ...others] = item.type === "OPERATOR_COALESCE" ? (item.children ?? []) : [];
  if (column?.class !== "COLUMN_REF" || constant === undefined || others.length > 0) return null;
  const origin = resolveColumn(column, leaves, node)?.origin ?? null;
  const literal = literalOf(constant);
  return origin === null || literal === null ? null : { column: origin.column, alias: origin.alias, constant: literal, asInteger: false };
}

function literalOf(expression: Expression): string | null {
  if (expression.class === "CAST" && expression.child !== undefined) return literalOf(expression.child);
  const value = expression.class === "CONSTANT" ? expression.value?.value : undefined;
  if (typeof value === "string") return quoteText(value);
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : null;
}

/** The leaves of a SELECT with their columns as its own expressions see them. */
function boundLeaves(node: SelectNode, tables: TableColumns, scope: Scope): readonly BoundLeaf[] | null {
  const found: { readonly leaf: Leaf; readonly columns: readonly OutputColumn[] }[] = [];
  for (const leaf of leavesOf(node.from_table)) {
    const columns = leafColumns(leaf, tables, scope);
    const twice = leaf.alias !== "" && found.some((item) => item.leaf.alias.toLowerCase() === leaf.alias.toLowerCase());
    if (columns === null || twice) return null;
    found.push({ leaf, columns });
  }
  const present = presentColumns(node);
  const isShared = (name: string): boolean =>
    found.filter((item) => item.columns.some((column) => column.name.toLowerCase() === name)).length > 1;
  return found.map(({ leaf, columns }) => {
    const alias = leaf.alias.toLowerCase();
    const proved = (column: OutputColumn): boolean => {
      const name = column.name.toLowerCase();
      // A bare name that several tables have means what USING makes of them, not each of them.
      return present.has(`${alias}.${name}`) || (present.has(name) && !isShared(name));
    };
    // One column proved present means the row was not null-extended, so all its columns are as their contract says.
    const extended = leaf.nullable && !columns.some(proved);
    return {
      alias,
      columns: columns.map((column): OutputColumn => {
        const nullability = proved(column) ? "no" : extended ? "yes" : column.nullability;
        // ROLLUP, CUBE and GROUPING SETS make keys null in some rows.
        return { ...column, nullability: node.group_sets.length > 1 && nullability === "no" ? "unknown" : nullability };
      }),
    };
  });
}

function starColumns(star: Expression, node: SelectNode, leaves: readonly BoundLeaf[]): readonly OutputColumn[] | null {
  const { exclude_list, replace_list, qualified_exclude_list, rename_list, expr, columns } = star as Expression &
    Readonly<Record<string, unknown>>;
  const modified = [exclude_list, replace_list, qualified_exclude_list, rename_list].some((list) => Array.isArray(list) && list.length > 0);
  const joinsUsing = node.from_table?.type === "JOIN" && usesUsing(node.from_table);
  if (modified || expr !== null || columns === true || joinsUsing) return null;
  const relation = (star.relation_name ?? "").toLowerCase();
  return leaves.filter((leaf) => relation === "" || leaf.alias === relation).flatMap((leaf) => leaf.columns);
}

function usesUsing(ref: TableRef): boolean {
  return ref.type === "JOIN" && (ref.using_columns.length > 0 || ref.ref_type === "NATURAL" || usesUsing(ref.left) || usesUsing(ref.right));
}

function resolveColumn(reference: Expression, leaves: readonly BoundLeaf[], node: SelectNode): OutputColumn | null {
  const names = (reference.column_names ?? []).map((name) => name.toLowerCase());
  const column = names.at(-1) ?? "";
  const alias = names.at(-2);
  const named = (leaf: BoundLeaf): OutputColumn | undefined => leaf.columns.find((item) => item.name.toLowerCase() === column);
  if (alias !== undefined) return leaves.filter((leaf) => leaf.alias === alias).map(named)[0] ?? null;
  const [first, ...others] = leaves.flatMap((leaf) => named(leaf) ?? []);
  if (first === undefined || others.length === 0) return first ?? null;
  // Several tables have it, so it was joined by USING: present where it is present in one of them.
  const present =
    [first, ...others].some((item) => item.nullability === "no") || (presentColumns(node).has(column) && node.group_sets.length < 2);
  return { ...first, nullability: present ? "no" : "unknown" };
}

/** Strict functions that are null only when an argument is: not remainders, and not parts of a date, which `infinity` does not have. */
const totalFunctions = new Set("+ - * || ~~ !~~ abs round floor ceil lower upper trim ltrim rtrim length date_trunc strftime".split(" "));

function nullabilityOf(expression: Expression, leaves: readonly BoundLeaf[], node: SelectNode): Nullability {
  const all = (parts: readonly Expression[]): readonly Nullability[] => parts.map((part) => nullabilityOf(part, leaves, node));
  switch (expression.class) {
    case "COLUMN_REF":
      return resolveColumn(expression, leaves, node)?.nullability ?? "unknown";
    case "CONSTANT":
      return expression.value?.is_null === true ? "yes" : "no";
    case "CAST": {
      const { child } = expression;
      if (expression.try_cast === true || child === undefined) return "unknown";
      const isJson = isJsonCast(child) || (child.class === "COLUMN_REF" && resolveColumn(child, leaves, node)?.json === true);
      return isJson && nullabilityOf(child, leaves, node) === "no" ? "unknown" : nullabilityOf(child, leaves, node);
    }
    case "COMPARISON":
      if (!isStrictComparison(expression)) return "no";
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
      if (isStrictFunction(expression)) {
        const given = worst(all(expression.children ?? []));
        return given === "no" && !totalFunctions.has(name) ? "unknown" : given;
      }
      const aggregates = name === "sum" || name === "min" || name === "max" || name === "avg";
      const filtered = (expression as { readonly filter?: Expression | null }).filter ?? null;
      // A group holds at least one row, so only an absent argument can make it null.
      if (aggregates && filtered === null && hasGroupKey(node)) {
        return worst(all(expression.children ?? [])) === "no" ? "no" : "unknown";
      }
      return "unknown";
    }
    case "WINDOW":
      // A frame without rows counts none.
      return countingWindows.has(expression.type) || expression.function_name?.toLowerCase() === "count" ? "no" : "unknown";
    default:
      return "unknown";
  }
}

const countingWindows = new Set(["ROW_NUMBER", "RANK", "RANK_DENSE", "PERCENT_RANK", "CUME_DIST"].map((name) => `WINDOW_${name}`));

/** GROUP BY with at least one key; GROUP BY ALL has no expressions of its own. */
export function isGrouped(node: SelectNode): boolean {
  return node.group_expressions.length > 0 || node.aggregate_handling === "FORCE_AGGREGATES";
}

/** Every group holds a row: there is one grouping, by a key. GROUP BY ALL without a column to group by is none. */
function hasGroupKey(node: SelectNode): boolean {
  if (node.group_sets.length > 1) return false;
  return node.group_expressions.length > 0 || (isGrouped(node) && node.select_list.some((item) => item.class === "COLUMN_REF"));
}

function isJsonCast(expression: Expression): boolean {
  const { cast_type } = expression;
  return expression.class === "CAST" && (cast_type?.type_info?.name ?? cast_type?.id ?? "").toLowerCase() === "json";
}

function worst(parts: readonly Nullability[]): Nullability {
  if (parts.includes("yes")) return "yes";
  return parts.includes("unknown") ? "unknown" : "no";
}

/** Columns of UNION, EXCEPT or INTERSECT; null where they are matched by name. */
function combine(kind: string, children: readonly (readonly OutputColumn[] | null)[]): readonly OutputColumn[] | null {
  const [first, ...others] = children;
  if (first === undefined || first === null || kind === "UNION_BY_NAME") return null;
  return first.map((column, index): OutputColumn => {
    const parts = [column, ...others.map((other) => other?.[index])];
    const json = parts.some((part) => part?.json === true);
    const nullabilities = parts.map((part) => part?.nullability ?? "unknown");
    return { name: column.name, origin: null, json, nullability: combined(kind, nullabilities) };
  });
}

function combined(kind: string, parts: readonly Nullability[]): Nullability {
  if (kind === "EXCEPT") return parts[0] ?? "unknown";
  if (kind !== "INTERSECT") return worst(parts);
  if (parts.includes("no")) return "no";
  return parts.every((part) => part === "yes") ? "yes" : "unknown";
}
