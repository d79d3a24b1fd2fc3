import type { Expression } from "../../ports/syntax-tree.ts";
import { same } from "../joins.ts";
import type { ColumnOf, Leaf } from "./query.ts";

/** What a join makes visible: leaves, and columns that USING merged (null: a mixture of both sides). */
export interface Visible {
  readonly leaves: readonly number[];
  readonly merged: ReadonlyMap<string, ColumnOf | null>;
}

/** Where a name is looked up: the leaves of a clause, the names its SELECT gives, then the SELECT around it. */
export interface Level {
  readonly leaves: readonly Leaf[];
  readonly visible: Visible;
  /** The whole FROM; a name of it that the clause itself does not see means something this analysis does not follow. */
  readonly siblings: Visible;
  /** Names of the SELECT list, in lower case; null where one name is given twice. */
  readonly aliases: ReadonlyMap<string, Expression | null>;
  /** GROUP BY, HAVING, QUALIFY, ORDER BY, DISTINCT ON: a name may be an alias as well as a column; elsewhere a column comes first. */
  readonly aliasesCount: boolean;
  readonly outer: Level | null;
}

export type Found = ColumnOf | "none" | "unsure";

/** The leaf column a reference means; null whenever that is not certain. */
export function resolveColumn(reference: Expression, start: Level): ColumnOf | null {
  const names = reference.column_names ?? [];
  for (let level: Level | null = start; level !== null; level = level.outer) {
    const found = names.length === 1 ? bare(names[0] ?? "", level) : qualified(names, level);
    if (found === "unsure") return null;
    if (found !== "none") return found;
  }
  return null;
}

function bare(name: string, level: Level): Found {
  const alias = level.aliases.get(name.toLowerCase());
  const found = columnNamed(name, level.visible, level.leaves);
  if (level.aliasesCount && alias !== undefined) return eitherWay(found, alias, level);
  if (found !== "none") return found;
  // An alias of an inner SELECT hides the column of an outer one.
  if (alias !== undefined) return "unsure";
  return columnNamed(name, level.siblings, level.leaves) === "none" ? "none" : "unsure";
}

/** A name that an alias and a column may bear: certain where both are the same column, or there is no such column. */
function eitherWay(found: Found, alias: Expression | null, level: Level): Found {
  const aliased = alias?.class === "COLUMN_REF" ? resolveColumn(alias, { ...level, aliasesCount: false, outer: null }) : null;
  if (aliased === null || found === "unsure") return "unsure";
  return found === "none" || (found.leaf === aliased.leaf && found.column === aliased.column) ? aliased : "unsure";
}

/** The column a bare name means among the visible leaves. */
export function columnNamed(name: string, visible: Visible, leaves: readonly Leaf[]): Found {
  const merged = visible.merged.get(name.toLowerCase());
  if (merged !== undefined) return merged ?? "unsure";
  const owners = visible.leaves.flatMap((id) => leaves[id] ?? []);
  if (owners.some((leaf) => leaf.columns === null)) return "unsure";
  const found = owners.flatMap((leaf) => columnOf(leaf, name));
  const [first] = found;
  if (first === undefined) return "none";
  return found.length === 1 ? first : "unsure";
}

function columnOf(leaf: Leaf, name: string): readonly ColumnOf[] {
  return (leaf.columns ?? []).flatMap((column, index) => (same(column.name, name) ? [{ leaf: leaf.id, column: index }] : []));
}

/** `alias.column` or `schema.table.column`. */
function qualified(names: readonly string[], level: Level): Found {
  const visible = level.visible.leaves.flatMap((id) => level.leaves[id] ?? []);
  const isMeant = (leaf: Leaf): boolean => {
    if (names.length === 2) return leaf.alias !== "" && same(leaf.alias, names[0] ?? "");
    const { ref } = leaf;
    if (names.length !== 3 || ref?.type !== "BASE_TABLE") return false;
    return same(ref.schema_name, names[0] ?? "") && same(ref.table_name, names[1] ?? "") && same(leaf.alias, ref.table_name);
  };
  const owners = visible.filter(isMeant);
  const [owner] = owners;
  if (owner !== undefined && owners.length === 1) {
    const [column, ...others] = columnOf(owner, names.at(-1) ?? "");
    return column === undefined || others.length > 0 ? "unsure" : column;
  }
  if (owners.length > 1 || names.length > 3) return "unsure";
  const siblings = level.siblings.leaves.flatMap((id) => level.leaves[id] ?? []);
  if (siblings.some(isMeant)) return "unsure";
  // The first name may be a column that holds a structure.
  const [first = ""] = names;
  return level.aliases.has(first.toLowerCase()) || columnNamed(first, level.siblings, level.leaves) !== "none" ? "unsure" : "none";
}
