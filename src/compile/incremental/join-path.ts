import type { ColumnOf, Edge, SelectQuery } from "./query.ts";

/** The leaves that surely have a row where those of `start` have one. */
export function implied(start: Iterable<number>, edges: readonly Edge[]): ReadonlySet<number> {
  const found = new Set(start);
  const add = (from: number, to: number): boolean => found.has(from) && !found.has(to) && found.add(to).has(to);
  let grew = true;
  while (grew) {
    grew = false;
    for (const { left, right, impliesLeft, impliesRight } of edges) {
      if (impliesRight && add(left.leaf, right.leaf)) grew = true;
      if (impliesLeft && add(right.leaf, left.leaf)) grew = true;
    }
  }
  return found;
}

/** How leaves are joined to the first one. */
export interface JoinPath {
  readonly start: number;
  readonly joined: readonly { readonly leaf: number; readonly on: readonly (readonly [ColumnOf, ColumnOf])[] }[];
  /** Where a needed column is read, in the order of the needed ones: itself, or one that equals it. */
  readonly sources: readonly ColumnOf[];
}

export interface PathRequest {
  readonly query: SelectQuery;
  /** Null: any leaf. */
  readonly start: number | null;
  /** Leaves that surely have a row, so that every edge between two of them holds. */
  readonly usable: ReadonlySet<number>;
  readonly needed: readonly ColumnOf[];
  /** Can the column's values be told? */
  allows(column: ColumnOf): boolean;
  /** Join by the first equality only: the others may read columns that cannot be told together. */
  readonly firstOnly: boolean;
}

const keyOf = (column: ColumnOf): string => `${column.leaf}.${column.column}`;

/** Joins the leaves that hold the needed columns to the start through equalities; null where there is no path. */
export function joinPath(request: PathRequest): JoinPath | null {
  const classes = equalColumns(request);
  const equals = (column: ColumnOf): readonly ColumnOf[] => (classes.get(keyOf(column)) ?? [column]).filter(request.allows);
  const sources: ColumnOf[] = [];
  const required = new Set<number>();
  let { start } = request;
  for (const column of request.needed) {
    const options = equals(column);
    const source =
      options.find((option) => option.leaf === start) ?? options.find((option) => option.leaf === column.leaf) ?? options[0] ?? null;
    if (source === null) return null;
    start ??= source.leaf;
    sources.push(source);
    if (source.leaf !== start) required.add(source.leaf);
  }
  if (start === null) return null;
  const joined: { readonly leaf: number; readonly on: readonly (readonly [ColumnOf, ColumnOf])[] }[] = [];
  const bound = new Set([start]);
  while ([...required].some((leaf) => !bound.has(leaf))) {
    const path = shortestPath(bound, required, request, equals);
    if (path === null) return null;
    for (const leaf of path) {
      joined.push({ leaf, on: conditions(leaf, bound, request, equals) });
      bound.add(leaf);
    }
  }
  return { start, joined, sources };
}

/** Column → the columns that equal it where all usable leaves have a row, itself included. */
function equalColumns({ query, usable }: PathRequest): ReadonlyMap<string, readonly ColumnOf[]> {
  const classes = new Map<string, ColumnOf[]>();
  const classOf = (column: ColumnOf): ColumnOf[] => {
    const known = classes.get(keyOf(column)) ?? [column];
    classes.set(keyOf(column), known);
    return known;
  };
  for (const { left, right } of query.edges) {
    if (!usable.has(left.leaf) || !usable.has(right.leaf)) continue;
    const [a, b] = [classOf(left), classOf(right)];
    if (a === b) continue;
    a.push(...b);
    for (const column of b) classes.set(keyOf(column), a);
  }
  return classes;
}

type Equals = (column: ColumnOf) => readonly ColumnOf[];

/** Equalities of a leaf's columns with those of the leaves joined so far. */
function conditions(
  leaf: number,
  bound: ReadonlySet<number>,
  request: PathRequest,
  equals: Equals,
): readonly (readonly [ColumnOf, ColumnOf])[] {
  const columns = columnsInEdges(leaf, request.query);
  const found = columns.filter(request.allows).flatMap((own): readonly (readonly [ColumnOf, ColumnOf])[] => {
    const other = equals(own).find((column) => bound.has(column.leaf));
    return other === undefined ? [] : [[own, other]];
  });
  return request.firstOnly ? found.slice(0, 1) : found;
}

function columnsInEdges(leaf: number, query: SelectQuery): readonly ColumnOf[] {
  const columns = query.edges.flatMap((edge) => [edge.left, edge.right]).filter((column) => column.leaf === leaf);
  return [...new Map(columns.map((column) => [column.column, column])).values()];
}

/** The leaves to join, in order, to reach the nearest required one. */
function shortestPath(
  bound: ReadonlySet<number>,
  required: ReadonlySet<number>,
  request: PathRequest,
  equals: Equals,
): readonly number[] | null {
  const from = new Map<number, number | null>([...bound].map((leaf) => [leaf, null]));
  const queue = [...bound];
  for (let leaf = queue.shift(); leaf !== undefined; leaf = queue.shift()) {
    for (const column of columnsInEdges(leaf, request.query).filter(request.allows)) {
      for (const next of equals(column)) {
        if (from.has(next.leaf) || !request.usable.has(next.leaf)) continue;
        from.set(next.leaf, leaf);
        if (required.has(next.leaf)) return pathTo(next.leaf, from);
        queue.push(next.leaf);
      }
    }
  }
  return null;
}

function pathTo(end: number, from: ReadonlyMap<number, number | null>): readonly number[] {
  const path: number[] = [];
  for (let leaf: number | null = end; leaf !== null; leaf = from.get(leaf) ?? null) path.unshift(leaf);
  // The first one is joined already.
  return path.slice(1);
}
