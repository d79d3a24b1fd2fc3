import type { Expression, SelectNode, Star } from "../../ports/syntax-tree.ts";
import { same } from "../joins.ts";
import { isGrouped } from "../lineage.ts";
import { type ColumnOf, isFollowed, leafColumnName, type QueryColumn } from "./query.ts";
import type { Level } from "./resolve-column.ts";
import { type DraftItem, draftItem, typeOf } from "./scalar-item.ts";

interface Expanded {
  /** What the column must be called; null where the engine makes the name. */
  readonly name: string | null;
  readonly draft: () => DraftItem;
}

/** What stands behind each column of a SELECT; no item at all where the list and the described columns differ. */
export function selectItems(node: SelectNode, level: Level, columns: readonly QueryColumn[]): readonly DraftItem[] {
  const expanded = node.select_list.flatMap((item): readonly Expanded[] =>
    item.class === "STAR"
      ? (starItems(item, level) ?? [unknown])
      : [{ name: nameOf(item), draft: () => draftItem(item, levelOf(item, node, level)) }],
  );
  const fits =
    expanded.length === columns.length &&
    expanded.every((item, index) => item.name === null || same(item.name, columns[index]?.name ?? "")) &&
    !expanded.includes(unknown);
  const reason = "the SELECT list is not followed: name its columns instead of a star";
  if (!fits) return columns.map(() => ({ kind: "none", reason }));
  return expanded.map((item, index) => asDescribed(item.draft(), columns[index], level));
}

/** A column that is passed on keeps its type; another type means another column. */
function asDescribed(item: DraftItem, described: QueryColumn | undefined, level: Level): DraftItem {
  if (item.kind !== "column" || typeOf(item.column, level.leaves) === described?.type) return item;
  return { kind: "none", reason: `the column ${described?.name} is not found for certain` };
}

/** Among groups a name may be the alias of another item that is grouped by; elsewhere columns come first. */
function levelOf(item: Expression, node: SelectNode, level: Level): Level {
  if (!isGrouped(node)) return level;
  const aliases = new Map(level.aliases);
  if (aliases.get(item.alias.toLowerCase()) === item) aliases.delete(item.alias.toLowerCase());
  return { ...level, aliases, aliasesCount: true };
}

const unknown: Expanded = { name: null, draft: () => ({ kind: "none", reason: "the SELECT list is not followed" }) };

function nameOf(item: Expression): string | null {
  if (item.alias !== "") return item.alias;
  return item.class === "COLUMN_REF" ? (item.column_names?.at(-1) ?? null) : null;
}

/** `*`, `t.*`, with EXCLUDE and REPLACE; null for other forms. */
function starItems(expression: Expression, level: Level): readonly Expanded[] | null {
  const star = expression as Star;
  const excluded = star.exclude_list.filter((name) => typeof name === "string");
  if (star.columns || star.expr !== null || star.qualified_exclude_list.length > 0 || star.rename_list.length > 0) return null;
  if (excluded.length < star.exclude_list.length) return null;
  const relation = star.relation_name ?? "";
  const leaves = level.visible.leaves.flatMap((id) => level.leaves[id] ?? []);
  const meant = leaves.filter((leaf) => relation === "" || same(leaf.alias, relation));
  if (meant.some((leaf) => leaf.columns === null) || meant.length === 0) return null;
  const seen = new Set<string>();
  return meant.flatMap((leaf) =>
    (leaf.columns ?? []).flatMap((column, index): readonly Expanded[] => {
      const name = column.name.toLowerCase();
      const merged = level.visible.merged.get(name);
      // A column of USING stands once, where its first side stands.
      if (relation === "" && merged !== undefined) {
        if (seen.has(name)) return [];
        seen.add(name);
      }
      if (excluded.some((item) => same(item, column.name))) return [];
      const replacement = star.replace_list.find((item) => same(item.key, column.name));
      if (replacement !== undefined) return [{ name: column.name, draft: () => draftItem(replacement.value, level) }];
      const own: ColumnOf = { leaf: leaf.id, column: index };
      const found = relation === "" && merged !== undefined ? merged : own;
      return [{ name: column.name, draft: () => bareItem(found, column.name, level) }];
    }),
  );
}

function bareItem(column: ColumnOf | null, name: string, level: Level): DraftItem {
  if (column === null) return { kind: "none", reason: `${name} is a mixture of both sides of a FULL join` };
  if (!isFollowed(typeOf(column, level.leaves))) return { kind: "none", reason: `${name} has a type of which equal values can differ` };
  const key = JSON.stringify({ class: "COLUMN_REF", type: "COLUMN_REF", alias: "", column_names: [leafColumnName(column)] });
  return { kind: "column", column, key };
}
