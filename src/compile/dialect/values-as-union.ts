import type { Expression, QueryNode, SelectNode } from "../../ports/syntax-tree.ts";
import { plainSelect } from "../incremental/exact-tree.ts";

/** The same query with `SELECT … UNION ALL SELECT …` for every list of VALUES: the printer cannot write these so that they parse alike. */
export function valuesAsUnion(node: QueryNode): { readonly node: QueryNode; readonly found: boolean } {
  let found = false;
  const visit = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(visit);
    if (typeof part !== "object" || part === null || "rawJSON" in part) return part;
    const rows = valuesOf(part);
    if (rows !== null) found = true;
    const whole = rows === null ? part : { ...union(rows.map((row) => row.map(namedValue))), ...around(part as SelectNode) };
    return { ...whole, ...Object.fromEntries(Object.entries(whole).map(([key, value]) => [key, visit(value)])) };
  };
  const result = visit(node) as QueryNode;
  return { node: result, found };
}

const around = ({ modifiers, cte_map }: SelectNode): object => ({ modifiers, cte_map });

const namedValue = (value: Expression, index: number): Expression => ({ ...value, alias: `col${index}` });

/** Rows of `SELECT * FROM (VALUES …)`, which is what the parser makes of every list. */
function valuesOf(part: object): readonly (readonly Expression[])[] | null {
  const { type, from_table: from } = part as SelectNode;
  if (type !== "SELECT_NODE" || from?.type !== "EXPRESSION_LIST") return null;
  return (from as unknown as { readonly values: readonly (readonly Expression[])[] }).values;
}

/** In halves, so that a long list does not nest deeply. */
function union(rows: readonly (readonly Expression[])[]): QueryNode {
  const [first = []] = rows;
  if (rows.length < 2) return plainSelect(first, null);
  const middle = Math.ceil(rows.length / 2);
  const parts = { left: union(rows.slice(0, middle)), right: union(rows.slice(middle)), setop_all: true };
  return { type: "SET_OPERATION_NODE", modifiers: [], cte_map: { map: [] }, setop_type: "UNION", ...parts } as unknown as QueryNode;
}
