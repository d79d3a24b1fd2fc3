import type { ContractColumn } from "../../define/types.ts";
import type { TableName } from "../../terms.ts";

/** A column of one of the sources, in lower case: `2.order_id`; `2.*` is all that can be said of its row. */
export type Ref = `${number}.${string}`;

/** A table (or a query that cannot be looked into) whose rows a query's rows are made of. */
export interface Source {
  /** Layer-qualified name; of a CTE or subquery its alias. */
  readonly name: string;
  /** Columns, in lower case, no two of its rows share. Of an empty key there is at most one row. */
  readonly keys: readonly (readonly string[])[];
  /** Are the keys all there are? Then columns that cover none of them may appear in many rows. */
  readonly counted: boolean;
  /** Null: not known. */
  readonly columns: readonly ContractColumn[] | null;
  /** Models it was read through, the outermost first. */
  readonly through: readonly TableName[];
  /** Rows are versions of a key, held from `valid_from` up to `valid_to`. */
  readonly history: boolean;
}

/** The column is a function of others: of none, a constant. */
export interface Equality {
  readonly column: Ref;
  readonly from: readonly Ref[];
}

/** Rows of a model that agree in its grain are one row, and so are those of all its sources. */
export interface Dependency {
  readonly from: readonly Ref[];
  readonly sources: readonly number[];
}

/** What a condition says of the version of a history: `at` is the other side, equal for equal expressions. */
export interface VersionCondition {
  readonly source: number;
  readonly says: "starts" | "ends" | "starts_late" | "ends_late" | "between" | "overlaps" | "current";
  readonly at: string;
}

/** What the value of an expression is made of. */
export interface Value {
  /** Every column it looks at. */
  readonly refs: readonly Ref[];
  /** Columns whose values go into it, not only decide it. */
  readonly carried: readonly Ref[];
  /** The column it is, unchanged. */
  readonly plain: Ref | null;
  /** Holds a division by something that is not constant: an amount shared out among rows. */
  readonly divided: boolean;
}

/**
 * Rows of a FROM or of a query, as combinations of rows of its sources: each source's rows as they are, and what the conditions say of
 * them. CTEs, subqueries and models that neither group nor cut rows are seen through.
 */
export interface Rows {
  /** In the order of FROM. */
  readonly sources: readonly Source[];
  /** The source that FROM starts from: its first, behind a RIGHT JOIN the right one. */
  readonly spine: number;
  readonly equalities: readonly Equality[];
  readonly dependencies: readonly Dependency[];
  /** Columns of a condition that may single out one row where several match. */
  readonly picks: readonly (readonly Ref[])[];
  readonly versions: readonly VersionCondition[];
  /** Output columns by name in lower case; null where they are not known. */
  readonly columns: ReadonlyMap<string, Value> | null;
}

export const constant: Value = { refs: [], carried: [], plain: null, divided: false };

export const refOf = (source: number, column: string): Ref => `${source}.${column.toLowerCase()}`;
export const sourceOf = (ref: Ref): number => Number(ref.slice(0, ref.indexOf(".")));
export const columnOf = (ref: Ref): string => ref.slice(ref.indexOf(".") + 1);

function columnValue(ref: Ref): Value {
  return { refs: [ref], carried: [ref], plain: ref, divided: false };
}

/** What may depend on anything in these rows. */
export function wholeOf(rows: Pick<Rows, "sources">): Value {
  const refs = rows.sources.map((_, source): Ref => `${source}.*`);
  return { refs, carried: refs, plain: null, divided: false };
}

/** Rows of one source with the given columns. */
export function rowsOfSource(source: Source, columns: readonly string[] | null): Rows {
  return {
    sources: [source],
    spine: 0,
    equalities: [],
    dependencies: [],
    picks: [],
    versions: [],
    columns: columns === null ? null : new Map(columns.map((name) => [name.toLowerCase(), columnValue(refOf(0, name))] as const)),
  };
}

/** Rows of a table as they are stored. */
export function rowsOfTable(source: Source): Rows {
  return rowsOfSource(source, source.columns?.map((column) => column.name) ?? null);
}

/** The rows with their sources counted from `by`. */
export function shifted(rows: Rows, by: number): Rows {
  const move = (ref: Ref): Ref => `${sourceOf(ref) + by}.${columnOf(ref)}`;
  const all = (refs: readonly Ref[]): readonly Ref[] => refs.map(move);
  const value = ({ refs, carried, plain, divided }: Value): Value => ({
    refs: all(refs),
    carried: all(carried),
    plain: plain === null ? null : move(plain),
    divided,
  });
  return {
    sources: rows.sources,
    spine: rows.spine + by,
    equalities: rows.equalities.map(({ column, from }) => ({ column: move(column), from: all(from) })),
    dependencies: rows.dependencies.map(({ from, sources }) => ({ from: all(from), sources: sources.map((source) => source + by) })),
    picks: rows.picks.map(all),
    versions: rows.versions.map((version) => ({ ...version, source: version.source + by })),
    columns: rows.columns === null ? null : new Map([...rows.columns].map(([name, item]) => [name, value(item)] as const)),
  };
}
