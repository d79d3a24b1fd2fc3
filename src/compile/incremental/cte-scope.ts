import type { CteEntry, QueryNode } from "../../ports/syntax-tree.ts";
import { same } from "../joins.ts";
import { selectAllFrom } from "./exact-tree.ts";

/** The WITH clauses around a query, the nearest first. */
export interface CteScope {
  readonly entries: readonly CteEntry[];
  readonly outer: CteScope | null;
}

/** The scope of what stands in a query. */
export function scopeWithin(node: QueryNode, scope: CteScope | null): CteScope | null {
  return node.cte_map.map.length === 0 ? scope : { entries: node.cte_map.map, outer: scope };
}

/** The CTE a name means, and the scope of its own query: what was named before it. */
export function findCte(name: string, scope: CteScope | null): { readonly entry: CteEntry; readonly scope: CteScope | null } | null {
  for (let level = scope; level !== null; level = level.outer) {
    const index = level.entries.findIndex((entry) => same(entry.key, name));
    const entry = level.entries[index];
    if (entry === undefined) continue;
    return { entry, scope: index === 0 ? level.outer : { entries: level.entries.slice(0, index), outer: level.outer } };
  }
  return null;
}

/** A query that stands on its own: all rows of the node, with the WITH clauses around it. */
export function standingAlone(node: QueryNode, scope: CteScope | null): QueryNode {
  let whole: QueryNode = selectAllFrom(node);
  let level = scope;
  while (level !== null) {
    whole = { ...whole, cte_map: { map: level.entries } };
    level = level.outer;
    if (level !== null) whole = selectAllFrom(whole);
  }
  return whole;
}
