import type { BaseTableRef } from "../../ports/syntax-tree.ts";
import type { TableName } from "../../terms.ts";
import { same } from "../joins.ts";
import { walk } from "./exact-tree.ts";
import type { Query, Source } from "./query.ts";
import type { Reader } from "./read-query.ts";

/**
 * Tables that a model reads in a place from which its rows are not followed, and why. A table counts as followed only where every one of
 * its places was reached: what a change does through another place would be missed.
 */
export function unreadTables(root: Query, reader: Reader): ReadonlyMap<TableName, string> {
  const reached = new Set<object>();
  reach(root, reached);
  const missed = new Map<TableName, string>();
  for (const tree of reader.trees) visit(tree, "it is read in a place that is not followed", reached, reader, missed);
  return missed;
}

function reach(source: Source, reached: Set<object>): void {
  if (source.kind === "set operation") for (const child of source.children) reach(child, reached);
  if (source.kind !== "select") return;
  for (const leaf of source.leaves) {
    if (leaf.ref !== null && leaf.source.kind !== "untraced") reached.add(leaf.ref);
    reach(leaf.source, reached);
  }
}

function visit(part: unknown, outer: string, reached: ReadonlySet<object>, reader: Reader, missed: Map<TableName, string>): void {
  if (Array.isArray(part)) {
    for (const item of part) visit(item, outer, reached, reader, missed);
    return;
  }
  if (part === null || typeof part !== "object") return;
  const reason = reader.refused.get(part) ?? outer;
  if ("table_name" in part && !reached.has(part)) {
    for (const table of tablesBelow(part as BaseTableRef, reader, new Set())) missed.set(table, missed.get(table) ?? reason);
  }
  for (const value of Object.values(part)) visit(value, reason, reached, reader, missed);
}

/** Every base table that a place may read: itself, or those of a view or of any CTE of its name. */
function tablesBelow(ref: BaseTableRef, reader: Reader, seen: Set<object>): readonly TableName[] {
  if (seen.has(ref)) return [];
  seen.add(ref);
  const below = (part: unknown): readonly TableName[] => {
    const refs: BaseTableRef[] = [];
    walk(part, (item) => {
      if (item.type === "BASE_TABLE") refs.push(item as unknown as BaseTableRef);
      return true;
    });
    return refs.flatMap((inner) => tablesBelow(inner, reader, seen));
  };
  const name = `${ref.schema_name}.${ref.table_name}`.toLowerCase();
  const view = reader.viewTables.get(name);
  if (view !== undefined) return view;
  const table = reader.tables.get(name);
  if (table !== undefined) return [table.name];
  const queries: unknown[] = [];
  walk(reader.trees, (item) => {
    if (typeof item.key === "string" && "value" in item && same(item.key, ref.table_name)) queries.push(item.value);
    return true;
  });
  return below(queries);
}
