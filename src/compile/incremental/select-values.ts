import type { TableName } from "../../terms.ts";
import { implied, joinPath } from "./join-path.ts";
import { joinedValues, type ReadLeaf, withoutLeaves } from "./joined-values.ts";
import { type ColumnOf, columnsRead, type Item, type Leaf, type SelectQuery, type Source, tablesOf } from "./query.ts";
import { columnKey, firstFound, isFound, type Linker, type NoValues, united, type Values } from "./values.ts";

/** More null-extended sides would make too many variants. */
const mostNullable = 3;

export function itemsAt(query: SelectQuery, columns: readonly number[]): readonly Item[] {
  return columns.map((column) => query.items[column] ?? { kind: "none", reason: "the column is not found" });
}

/** Touched values of a SELECT's items. Where windows or DISTINCT ON look at other rows, a changed row may change its whole partition. */
export function touchedOfSelect(table: TableName, query: SelectQuery, items: readonly Item[], linker: Linker): Values {
  const { partition } = query;
  if (partition === null || isWithin(items, partition)) return touchedOfItems(table, query, items, linker);
  if (partition.length === 0) return { reason: "its window functions and DISTINCT ON have no column in common to partition by" };
  // A part of the partition's columns is enough to find its rows.
  const tries = [partition, ...(partition.length > 1 ? partition.map((item) => [item]) : [])];
  return firstFound(tries.map((parts) => () => touchedThroughPartition(table, query, items, parts, linker)));
}

/** Are the items the same for all rows of a partition? */
export function isWithin(items: readonly Item[], partition: readonly Item[]): boolean {
  const keys = new Set(partition.flatMap((item) => (item.kind === "none" ? [] : [item.key])));
  const columns = new Set(partition.flatMap((item) => (item.kind === "column" ? [columnKey(item.column)] : [])));
  const isMadeOf = (item: Item): boolean => columnsRead(item).every((column) => columns.has(columnKey(column)));
  return items.every((item) => item.kind !== "none" && (keys.has(item.key) || isMadeOf(item)));
}

function touchedThroughPartition(
  table: TableName,
  query: SelectQuery,
  items: readonly Item[],
  partition: readonly Item[],
  linker: Linker,
): Values {
  const partitions = touchedOfItems(table, query, partition, linker);
  if (!isFound(partitions)) return partitions;
  const rows = witnessOfItems(query, [...items, ...partition], linker);
  if (!isFound(rows)) return rows;
  const kept = items.length === 0 ? "1 as c1" : items.map((_, index) => `r.c${index + 1}`).join(", ");
  const equal = partition.map((_, index) => `r.c${items.length + index + 1} is not distinct from p.c${index + 1}`);
  return {
    sql: `select distinct ${kept} from (${rows.sql}) as r join (select distinct * from (${partitions.sql}) as found) as p on ${equal.join(" and ")}`,
    hats: new Set([...rows.hats, ...partitions.hats]),
    through: partitions.through,
  };
}

/** Touched values of items, each a scalar expression of leaf columns: from every changed leaf, for every set of sides that may be missing. */
function touchedOfItems(table: TableName, query: SelectQuery, items: readonly Item[], linker: Linker): Values {
  const needed = neededLeaves(query, items);
  if ("reason" in needed) return needed;
  const parts: Values[] = [];
  for (const leaf of query.leaves.filter((item) => tablesOf(item.source).has(table))) {
    for (const missing of subsets(needed.nullable)) {
      const sure = implied(alwaysThere(query, needed.leaves, missing), query.edges);
      if (missing.some((id) => sure.has(id))) continue;
      // A missing leaf still drives: its changed row makes or unmakes the match whose absence leaves nulls.
      const usable = new Set([...sure, ...implied([leaf.id], query.edges)]);
      const part = throughLeaf(table, query, items, leaf, new Set(missing), usable, linker);
      if (!isFound(part)) return part;
      parts.push(part);
    }
  }
  return united(parts);
}

/** Values of items in the rows that a query has or had: a superset, as no condition is applied. */
export function witnessOfItems(query: SelectQuery, items: readonly Item[], linker: Linker): Values {
  const needed = neededLeaves(query, items);
  if ("reason" in needed) return needed;
  const read: ReadLeaf = (leaf, columns) => linker.witness(sourceOf(query, leaf), columns);
  const parts: Values[] = [];
  for (const missing of subsets(needed.nullable)) {
    const usable = implied(alwaysThere(query, needed.leaves, missing), query.edges);
    if (missing.some((id) => usable.has(id))) continue;
    const absent = new Set(missing);
    const columns = presentColumns(items, absent);
    const noWay: NoValues = { reason: "no equality joins the tables that its values come from" };
    const part =
      columns.length === 0
        ? withoutLeaves(query, items)
        : alongPath(query, items, absent, { start: null, usable, columns }, read, () => noWay);
    if (!isFound(part)) return part;
    parts.push(part);
  }
  return united(parts);
}

/** Values of items in result rows in which a changed row of the leaf takes part, or which it makes or unmakes. */
function throughLeaf(
  table: TableName,
  query: SelectQuery,
  items: readonly Item[],
  leaf: Leaf,
  missing: ReadonlySet<number>,
  usable: ReadonlySet<number>,
  linker: Linker,
): Values {
  const columns = presentColumns(items, missing);
  const read: ReadLeaf = (id, list) =>
    id === leaf.id ? linker.touched(table, leaf.source, list) : linker.witness(sourceOf(query, id), list);
  return alongPath(query, items, missing, { start: leaf.id, usable, columns }, read, () => noPath(table, query, leaf, columns, read));
}

interface Way {
  readonly start: number | null;
  readonly usable: ReadonlySet<number>;
  readonly columns: readonly ColumnOf[];
}

/** Joins by all equalities, or by the first of each pair of leaves where they cannot be told together. */
function alongPath(
  query: SelectQuery,
  items: readonly Item[],
  missing: ReadonlySet<number>,
  way: Way,
  read: ReadLeaf,
  noWay: () => NoValues,
): Values {
  const allows = ({ leaf, column }: ColumnOf): boolean => isFound(read(leaf, [column]));
  const tries = [false, true].map((firstOnly) => () => {
    const path = joinPath({ query, start: way.start, usable: way.usable, needed: way.columns, allows, firstOnly });
    return path === null ? noWay() : joinedValues(query, items, missing, way.columns, path, read);
  });
  return firstFound(tries);
}

function presentColumns(items: readonly Item[], missing: ReadonlySet<number>): readonly ColumnOf[] {
  return items.flatMap(columnsRead).filter((column) => !missing.has(column.leaf));
}

function sourceOf(query: SelectQuery, leaf: number): Source {
  return query.leaves[leaf]?.source ?? { kind: "untraced", columns: null, reason: "the table is not found" };
}

interface NeededLeaves {
  readonly leaves: readonly number[];
  readonly nullable: readonly number[];
}

function neededLeaves(query: SelectQuery, items: readonly Item[]): NeededLeaves | NoValues {
  const none = items.find((item) => item.kind === "none");
  if (none?.kind === "none") return { reason: none.reason };
  const leaves = [...new Set(items.flatMap(columnsRead).map((column) => column.leaf))];
  const nullable = leaves.filter((id) => query.leaves[id]?.nullable === true);
  return nullable.length > mostNullable ? { reason: "it is made of too many optional sides of outer joins" } : { leaves, nullable };
}

function subsets(ids: readonly number[]): readonly (readonly number[])[] {
  return Array.from({ length: 2 ** ids.length }, (_, chosen) => ids.filter((_id, place) => (chosen >> place) % 2 === 1));
}

/** Leaves that have a row in every result row in which exactly these are missing. */
function alwaysThere(query: SelectQuery, needed: readonly number[], missing: readonly number[]): readonly number[] {
  const always = query.leaves.filter((leaf) => leaf.block === 0 && !leaf.nullable && !leaf.probe).map((leaf) => leaf.id);
  return [...always, ...needed.filter((id) => !missing.includes(id))];
}

/** Why a leaf's changes cannot be followed. */
function noPath(table: TableName, query: SelectQuery, leaf: Leaf, columns: readonly ColumnOf[], read: ReadLeaf): NoValues {
  const own = columns.filter((column) => column.leaf === leaf.id).map((column) => read(leaf.id, [column.column]));
  const bad = [read(leaf.id, []), ...own].find((values) => !isFound(values));
  if (bad !== undefined && !isFound(bad)) return bad;
  if (leaf.probe) return { reason: `${table} is read in a subquery, semi or ASOF join without an equality to the rows around it` };
  const target = query.leaves[columns.find((column) => column.leaf !== leaf.id)?.leaf ?? -1];
  const to = target === undefined ? "what its values come from" : target.alias;
  return { reason: `no equality of two columns of one type joins ${leaf.alias} to ${to} in every row` };
}
