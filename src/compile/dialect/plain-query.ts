import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Expression, QueryNode, SelectNode, TableRef } from "../../ports/syntax-tree.ts";
import { exactTree, plainSelect, walk } from "../incremental/exact-tree.ts";
import { textConstant } from "./tree-builders.ts";

interface PlainQuery {
  readonly node: QueryNode;
  /** Rows of its longest list of VALUES. */
  readonly values: number;
}

/**
 * The same query in forms that the printer writes so that they parse alike: `SELECT … UNION ALL SELECT …` for a list of VALUES, a cast text
 * for a boolean constant, `count_star()` for `count(*)` over a window; and WHERE [NOT] EXISTS for a semi or anti join with ON. Subqueries in FROM
 * without a name get one.
 */
export async function plainQuery(node: QueryNode, analyzer: SqlAnalyzer): Promise<PlainQuery> {
  const unions = new Map<number, QueryNode>();
  let hasFilters = false;
  walk(node, (part) => {
    hasFilters ||= filterJoin(part) !== null;
    const rows = valuesOf(part);
    if (rows !== null) unions.set(rows.length, plainSelect([], null));
    return true;
  });
  for (const rows of unions.keys()) unions.set(rows, await unionOf(rows, analyzer));
  const exists = hasFilters ? await existsTemplate(analyzer) : null;
  let unnamed = 0;
  const visit = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== "object" || part === null || "rawJSON" in part) return part;
    const filter = exists === null ? null : filterJoin(part);
    if (exists !== null && filter !== null) return visit(withExists(part as SelectNode, filter, exists));
    const rows = valuesOf(part);
    const union = unions.get(rows?.length ?? 0);
    if (isUnnamed(part)) {
      unnamed += 1;
      return visit({ ...part, alias: `_unnamed_${unnamed}` });
    }
    const whole =
      rows === null || union === undefined ? plainExpression(part) : { ...filled(union, [...rows]), ...around(part as SelectNode) };
    return { ...whole, ...Object.fromEntries(Object.entries(whole).map(([key, value]) => [key, visit(value)])) };
  };
  return { node: visit(node) as QueryNode, values: Math.max(0, ...unions.keys()) };
}

type FilterJoin = TableRef & { readonly type: "JOIN" };

/** The semi or anti join that is all of a SELECT's FROM. */
function filterJoin(part: object): FilterJoin | null {
  const { type, from_table: from } = part as SelectNode;
  if (type !== "SELECT_NODE" || from?.type !== "JOIN" || from.ref_type !== "REGULAR") return null;
  const isFilter = from.join_type === "SEMI" || from.join_type === "ANTI";
  return isFilter && from.condition !== null && from.using_columns.length === 0 ? from : null;
}

/** `$1 AND EXISTS (SELECT 1 FROM $2 WHERE $3)` and the like, as trees to be filled. */
interface ExistsTemplate {
  readonly and: Expression;
  readonly exists: Expression;
  readonly not: Expression;
}

async function existsTemplate(analyzer: SqlAnalyzer): Promise<ExistsTemplate> {
  const texts = ["true and false", "exists (select 1 from rows where true)", "not true"].map((condition) => `select 1 where ${condition}`);
  const trees = (await analyzer.parse(texts)).map((parsed) => {
    if ("failure" in parsed) throw new Error("a template does not parse");
    return (exactTree(parsed.identity).node as SelectNode).where_clause as Expression;
  });
  const [and, exists, not] = trees as [Expression, Expression, Expression];
  return { and, exists, not };
}

/** Columns of the right side are seen in its condition only, as in a subquery. */
function withExists(node: SelectNode, join: FilterJoin, { and, exists, not }: ExistsTemplate): SelectNode {
  const { subquery } = exists as unknown as { readonly subquery: { readonly node: SelectNode } };
  const rows = { ...subquery.node, from_table: join.right, where_clause: join.condition };
  const found = { ...exists, subquery: { ...subquery, node: rows } } as unknown as Expression;
  const condition = join.join_type === "SEMI" ? found : ({ ...not, children: [found] } as unknown as Expression);
  const where = node.where_clause === null ? condition : { ...and, children: [node.where_clause, condition] };
  return { ...node, from_table: join.left, where_clause: where } as SelectNode;
}

/** Expressions have a class. */
const isUnnamed = (part: object): boolean =>
  "type" in part && part.type === "SUBQUERY" && "alias" in part && part.alias === "" && !("class" in part);

function plainExpression(part: object): object {
  const { class: kind, function_name: name, children = [], value, alias } = part as Expression;
  if (kind === "WINDOW" && name === "count" && children.length === 0) return { ...part, function_name: "count_star" };
  const { type, value: truth } = (value ?? {}) as { readonly type?: { readonly id: string }; readonly value?: unknown };
  if (kind !== "CONSTANT" || type?.id !== "BOOLEAN" || typeof truth !== "boolean") return part;
  return { ...booleanCast(truth), alias };
}

function booleanCast(truth: boolean): object {
  const cast_type = { id: "BOOLEAN", type_info: null };
  return { class: "CAST", type: "OPERATOR_CAST", alias: "", child: textConstant(truth ? "t" : "f"), cast_type, try_cast: false };
}

const around = ({ modifiers, cte_map }: SelectNode): object => ({ modifiers, cte_map });

const namedValue = (value: Expression, index: number): Expression => ({ ...value, alias: `col${index}` });

/** Rows of `SELECT * FROM (VALUES …)`, which is what the parser makes of every list. */
function valuesOf(part: object): readonly (readonly Expression[])[] | null {
  const { type, from_table: from } = part as SelectNode;
  if (type !== "SELECT_NODE" || from?.type !== "EXPRESSION_LIST") return null;
  return (from as unknown as { readonly values: readonly (readonly Expression[])[] }).values;
}

/** UNION ALL of so many SELECTs, nested as the parser nests them. */
async function unionOf(rows: number, analyzer: SqlAnalyzer): Promise<QueryNode> {
  const [parsed] = await analyzer.parse([Array.from({ length: rows }, () => "select 0").join(" union all ")]);
  if (parsed === undefined || "failure" in parsed) throw new Error(`a union of ${rows} rows does not parse`);
  return exactTree(parsed.identity).node;
}

/** The union with the rows in its SELECTs, from the left; takes them from the list. */
function filled(node: QueryNode, rows: (readonly Expression[])[]): QueryNode {
  if (node.type === "SELECT_NODE") return { ...node, select_list: (rows.shift() ?? []).map(namedValue) };
  if (node.type !== "SET_OPERATION_NODE" || node.left === undefined || node.right === undefined) return node;
  const left = filled(node.left, rows);
  return { ...node, left, right: filled(node.right, rows) };
}
