import type { JoinPath } from "./join-path.ts";
import { type ColumnOf, columnsRead, type Item, leafColumnName, type SelectQuery } from "./query.ts";
import { columnKey, type FoundValues, isFound, type Values } from "./values.ts";

/** Values of a leaf's columns. */
export type ReadLeaf = (leaf: number, columns: readonly number[]) => Values;

/** The items' values over leaves joined along a path; columns of missing leaves are null. */
export function joinedValues(
  query: SelectQuery,
  items: readonly Item[],
  missing: ReadonlySet<number>,
  needed: readonly ColumnOf[],
  path: JoinPath,
  read: ReadLeaf,
): Values {
  const uses = new Map<number, number[]>([path.start, ...path.joined.map(({ leaf }) => leaf)].map((leaf) => [leaf, []]));
  const nameOf = (column: ColumnOf): string => {
    const list = uses.get(column.leaf) ?? [];
    if (!list.includes(column.column)) list.push(column.column);
    return `l${column.leaf}.c${list.indexOf(column.column) + 1}`;
  };
  const sources = new Map(needed.map((column, index) => [columnKey(column), path.sources[index] ?? column]));
  const write = (column: ColumnOf): string =>
    missing.has(column.leaf) ? nullOf(query, column) : nameOf(sources.get(columnKey(column)) ?? column);
  const columns = leafColumns(items).map((column) => `${write(column)} as ${leafColumnName(column)}`);
  const joins = path.joined.map(({ leaf, on }) => ({ leaf, on: on.map((pair) => pair.map(nameOf).join(" = ")).join(" and ") }));
  const relations = new Map<number, FoundValues>();
  for (const [leaf, list] of uses) {
    const values = read(leaf, list);
    if (!isFound(values)) return values;
    relations.set(leaf, values);
  }
  const relation = (leaf: number): string => `(${relations.get(leaf)?.sql}) as l${leaf}`;
  const from = [relation(path.start), ...joins.map(({ leaf, on }) => `join ${relation(leaf)} on ${on}`)].join("\n");
  const rows = `(select ${columns.length === 0 ? "1" : columns.join(", ")} from ${from}) as rows`;
  return {
    sql: `select distinct ${itemList(items)} from ${rows}`,
    hats: new Set([...relations.values()].flatMap((values) => [...values.hats])),
    through: throughWords(query, path, needed, relations.get(path.start)?.through ?? []),
  };
}

/** The items' values where every leaf they read is missing. */
export function withoutLeaves(query: SelectQuery, items: readonly Item[]): Values {
  const columns = leafColumns(items).map((column) => `${nullOf(query, column)} as ${leafColumnName(column)}`);
  const rows = `(select ${columns.length === 0 ? "1" : columns.join(", ")}) as rows`;
  return { sql: `select ${itemList(items)} from ${rows}`, hats: new Set(), through: [] };
}

function nullOf(query: SelectQuery, column: ColumnOf): string {
  return `cast(null as ${query.leaves[column.leaf]?.columns?.[column.column]?.type})`;
}

function leafColumns(items: readonly Item[]): readonly ColumnOf[] {
  return [...new Map(items.flatMap(columnsRead).map((column) => [columnKey(column), column])).values()];
}

function itemList(items: readonly Item[]): string {
  if (items.length === 0) return "1 as c1";
  return items.map((item, index) => `${itemText(item)} as c${index + 1}`).join(", ");
}

function itemText(item: Item): string {
  switch (item.kind) {
    case "column":
      return leafColumnName(item.column);
    case "expression":
      return item.text;
    case "none":
      return "null";
    default:
      return item satisfies never;
  }
}

function throughWords(query: SelectQuery, path: JoinPath, needed: readonly ColumnOf[], below: readonly string[]): readonly string[] {
  const word = (column: ColumnOf): string => {
    const leaf = query.leaves[column.leaf];
    return `${leaf?.alias}.${leaf?.columns?.[column.column]?.name}`;
  };
  const replaced = path.sources.flatMap((source, index) => {
    const column = needed[index];
    return column === undefined || columnKey(column) === columnKey(source) ? [] : [`${word(source)} = ${word(column)}`];
  });
  const joined = path.joined.flatMap(({ on }) => on.map(([own, other]) => `${word(other)} = ${word(own)}`));
  const words = [...new Set([...replaced, ...joined])];
  return words.length === 0 ? below : [words.join(" and ")];
}
