import type { SelectNode } from "../../ports/syntax-tree.ts";
import { isGrouped } from "../lineage.ts";
import { expressionsIn } from "./exact-tree.ts";
import type { Level } from "./resolve-column.ts";
import { type DraftItem, draftItem } from "./scalar-item.ts";

/** What every window and DISTINCT ON of a SELECT divides its rows by; null where nothing looks at other rows. */
export function partitionOf(node: SelectNode, level: Level): readonly DraftItem[] | null {
  const named = { ...level, aliasesCount: true };
  const windowsIn = (part: unknown, scope: Level): readonly (readonly DraftItem[])[] =>
    expressionsIn(part, (item) => item.class === "WINDOW").map((window) => (window.partitions ?? []).map((item) => draftItem(item, scope)));
  const lists = [...windowsIn(node.select_list, isGrouped(node) ? named : level), ...windowsIn([node.qualify, node.modifiers], named)];
  for (const modifier of node.modifiers) {
    const targets = modifier.distinct_on_targets ?? [];
    if (targets.length > 0) lists.push(targets.map((target) => draftItem(target, named)));
  }
  const [first, ...others] = lists;
  if (first === undefined) return null;
  return first.filter(
    (item) =>
      item.kind !== "none" &&
      readsColumns(item) &&
      others.every((list) => list.some((other) => other.kind !== "none" && other.key === item.key)),
  );
}

/** A constant divides nothing. */
function readsColumns(item: DraftItem): boolean {
  return item.kind === "column" || (item.kind === "draft" && item.reads.length > 0);
}
