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
  const names = namesRead(reader);
  for (const tree of reader.trees) visit(tree, "it is read in a place that is not followed", { reached, names, reader, missed });
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

/** Bare names that are read, less those in WITH queries that nothing reads. */
function namesRead(reader: Reader): ReadonlySet<string> {
  const names = new Set<string>();
  let known = -1;
  while (names.size > known) {
    known = names.size;
    walk(reader.trees, (item) => {
      if (isUnusedCte(item, names)) return false;
      if (item.type === "BASE_TABLE" && item.schema_name === "") names.add(String(item.table_name).toLowerCase());
      return true;
    });
  }
  return names;
}

function isUnusedCte(item: object, names: ReadonlySet<string>): boolean {
  if (!("key" in item) || !("value" in item) || item.value === null || typeof item.value !== "object") return false;
  return "query" in item.value && !names.has(String(item.key).toLowerCase());
}

interface Search {
  readonly reached: ReadonlySet<object>;
  readonly names: ReadonlySet<string>;
  readonly reader: Reader;
  readonly missed: Map<TableName, string>;
}

function visit(part: unknown, outer: string, search: Search): void {
  if (Array.isArray(part)) {
    for (const item of part) visit(item, outer, search);
    return;
  }
  if (part === null || typeof part !== "object") return;
  if (isUnusedCte(part, search.names)) return;
  const reason = search.reader.refused.get(part) ?? outer;
  if ("table_name" in part && !search.reached.has(part)) {
    for (const table of tablesBelow(part as BaseTableRef, search.reader, new Set())) {
      search.missed.set(table, search.missed.get(table) ?? reason);
    }
  }
  for (const value of Object.values(part)) visit(value, reason, search);
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
