import { columnOf, type Ref, type Rows, refOf, sourceOf } from "./rows.ts";

/** What is fixed once some columns and rows are: further columns by equality, further rows by their keys. */
export interface Determined {
  readonly has: (ref: Ref) => boolean;
  readonly sources: ReadonlySet<number>;
}

/** The closure of columns and whole rows under a query's equalities and keys. */
export function determinedBy(
  rows: Pick<Rows, "sources" | "equalities" | "dependencies">,
  start: { readonly refs?: Iterable<Ref>; readonly sources?: Iterable<number> },
): Determined {
  const refs = new Set<Ref>(start.refs);
  const sources = new Set<number>(start.sources);
  const has = (ref: Ref): boolean => refs.has(ref) || sources.has(sourceOf(ref));
  for (let before = -1; before < refs.size + sources.size; ) {
    before = refs.size + sources.size;
    for (const { column, from } of rows.equalities) if (!has(column) && from.every(has)) refs.add(column);
    for (const [index, { keys }] of rows.sources.entries()) {
      if (!sources.has(index) && keys.some((key) => key.every((column) => has(refOf(index, column))))) sources.add(index);
    }
    for (const dependency of rows.dependencies)
      if (dependency.from.every(has)) for (const source of dependency.sources) sources.add(source);
  }
  return { has, sources };
}

/**
 * Sources of which the definitions do not tell that several rows meet one row of the others: their keys are unknown, a condition may single
 * out one row, or nothing joins them.
 */
export function uncertainSources(rows: Rows, determined: Determined): ReadonlySet<number> {
  const uncertain = new Set<number>();
  for (const pick of rows.picks) for (const ref of pick) if (!determined.has(ref)) uncertain.add(sourceOf(ref));
  for (const [index, source] of rows.sources.entries()) {
    const joined = rows.equalities.some(
      ({ column, from }) =>
        from.some((ref) => sourceOf(ref) !== sourceOf(column)) &&
        (sourceOf(column) === index || from.some((ref) => sourceOf(ref) === index)),
    );
    if (!source.counted || !joined) uncertain.add(index);
  }
  return uncertain;
}

/** Columns of a source that are determined, in lower case. */
export function determinedColumns(rows: Rows, source: number, determined: Determined): readonly string[] {
  const refs = rows.equalities.flatMap(({ column, from }) => [column, ...from]).filter((ref) => sourceOf(ref) === source);
  return [...new Set(refs.filter(determined.has).map(columnOf))];
}
