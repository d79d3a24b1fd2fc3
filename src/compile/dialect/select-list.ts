import type { Expression, SelectNode, Star, TableRef } from "../../ports/syntax-tree.ts";
import { plainSelect } from "../incremental/exact-tree.ts";
import { leavesOf } from "../tree.ts";
import { bareName, type Carry, lowerName, sameName } from "./carry.ts";
import { changedChildren, type Scope, starOf } from "./scope.ts";
import { columnRef } from "./tree-builders.ts";

/** The SELECT list with every star written out; null for a star that cannot be. */
export async function withoutStars(node: SelectNode, carry: Carry, scope: Scope): Promise<readonly Expression[] | null> {
  const items: Expression[] = [];
  for (const item of node.select_list) {
    const expanded = item.class === "STAR" ? await starItems(item as Star, node.from_table, scope) : [item];
    if (expanded === null) return null;
    if (item.class === "STAR") noteStar(item as Star, carry);
    items.push(...expanded);
  }
  return items;
}

function noteStar(star: Star, carry: Carry): void {
  carry.used("*");
  if (star.exclude_list.length > 0) carry.used("EXCLUDE");
  if (star.replace_list.length > 0) carry.used("REPLACE");
}

async function starItems(star: Star, from: TableRef | null, scope: Scope): Promise<readonly Expression[] | null> {
  const relation = star.relation_name ?? "";
  if (star.columns || star.expr !== null || star.qualified_exclude_list.length > 0 || star.rename_list.length > 0) return null;
  const columns = await columnsOf(relation, from, scope);
  const excluded = star.exclude_list.filter((name) => typeof name === "string");
  if (columns === null || excluded.length < star.exclude_list.length) return null;
  return columns.flatMap((column) => {
    const name = column.column_names?.at(-1) ?? "";
    if (excluded.some((item) => sameName(item, name))) return [];
    const replaced = star.replace_list.find((item) => sameName(item.key, name));
    return [replaced === undefined ? column : { ...replaced.value, alias: name }];
  });
}

/** Every column that a star means, in DuckDB's order. */
async function columnsOf(relation: string, from: TableRef | null, scope: Scope): Promise<readonly Expression[] | null> {
  const merged = usingColumns(from);
  const items: Expression[] = [];
  const seen = new Set<string>();
  for (const leaf of leavesOf(from)) {
    if (relation !== "" && !sameName(leaf.alias, relation)) continue;
    const columns = await scope.describe(plainSelect([starOf(leaf.alias)], from));
    if (columns === null || leaf.alias === "") return null;
    for (const { name } of columns) {
      const key = lowerName(name);
      const isMerged = relation === "" && merged.has(key);
      // A column of USING stands once, where its first side stands.
      if (!isMerged) items.push(columnRef([leaf.alias, name]));
      else if (!seen.has(key)) items.push(columnRef([name]));
      seen.add(key);
    }
  }
  const all = relation === "" ? await scope.describe(plainSelect([starOf("")], from)) : null;
  const agrees = all === null || (all.length === items.length && all.every(({ name }, index) => sameName(name, nameOf(items[index]))));
  return agrees && items.length > 0 && (relation !== "" || all !== null) ? items : null;
}

const nameOf = (item: Expression | undefined): string => item?.column_names?.at(-1) ?? "";

function usingColumns(ref: TableRef | null): ReadonlySet<string> {
  if (ref?.type !== "JOIN") return new Set();
  return new Set([...ref.using_columns.map(lowerName), ...usingColumns(ref.left), ...usingColumns(ref.right)]);
}

interface Aliases {
  readonly items: readonly Expression[];
  /** Names that are columns first, in lower case. */
  readonly columns: ReadonlySet<string>;
  readonly used: () => void;
}

/** How deep aliases may refer to aliases. */
const depth = 20;

/** The expression with the names of other items replaced by these items, as far as no column has the name. */
export function withoutAliases(expression: Expression, aliases: Aliases, level = 0): Expression {
  const name = bareName(expression);
  const item = name === null ? undefined : aliases.items.find((other) => other.alias !== "" && sameName(other.alias, name));
  if (name !== null && item !== undefined && item !== expression && !aliases.columns.has(lowerName(name)) && level < depth) {
    aliases.used();
    return { ...withoutAliases(item, aliases, level + 1), alias: "" };
  }
  return changedChildren(expression, (child) => withoutAliases(child, aliases, level));
}
