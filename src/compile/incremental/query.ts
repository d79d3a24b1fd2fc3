import type { TableRef } from "../../ports/syntax-tree.ts";
import type { TableName } from "../../terms.ts";

/**
 * A model's SQL as the analysis of changes sees it (docs/design/incremental.md).
 *
 * leaf: one table, CTE or subquery in a FROM · probe: a leaf that only decides about rows or gives a value, in a subquery expression or
 * right of SEMI and ANTI · edge: an equality of two leaves' columns that holds wherever both rows take part · implied: a row of one leaf
 * takes part only together with a row of the other.
 */
export type Source = BaseTable | Query;

export type Query = SelectQuery | SetOperation | Untraced;

export interface QueryColumn {
  readonly name: string;
  /** As the engine prints it; null where it depends on a parameter's value. */
  readonly type: string | null;
}

export interface BaseTable {
  readonly kind: "table";
  readonly table: TableName;
  readonly columns: readonly QueryColumn[];
}

/** A query whose rows are not followed to those of its tables. */
export interface Untraced {
  readonly kind: "untraced";
  /** Null: not known either. */
  readonly columns: readonly QueryColumn[] | null;
  readonly reason: string;
}

export interface SetOperation {
  readonly kind: "set operation";
  readonly operation: string;
  readonly columns: readonly QueryColumn[];
  readonly children: readonly Query[];
}

export interface SelectQuery {
  readonly kind: "select";
  readonly columns: readonly QueryColumn[];
  /** What stands behind each column. */
  readonly items: readonly Item[];
  /** Leaves of the FROM and of every subquery expression; a leaf's id is its place. */
  readonly leaves: readonly Leaf[];
  readonly edges: readonly Edge[];
  /** Expressions common to every PARTITION BY and DISTINCT ON; null where there is neither. */
  readonly partition: readonly Item[] | null;
}

export interface Leaf {
  readonly id: number;
  readonly alias: string;
  readonly source: Source;
  /** Named as the query around it sees them; null: not known. */
  readonly columns: readonly QueryColumn[] | null;
  /** The SELECT it stands in: 0 the query's own, others those of subquery expressions. */
  readonly block: number;
  readonly probe: boolean;
  /** On the null-extended side of an outer join. */
  readonly nullable: boolean;
  /** Right side of an ASOF join: which of its rows is taken depends on the others. */
  readonly chosen: boolean;
  /** Where it stands in the tree; null for the second sight of an ASOF side. */
  readonly ref: TableRef | null;
  /** The CTE it reads. */
  readonly cte: string | null;
}

/** A leaf's column, by its place. */
export interface ColumnOf {
  readonly leaf: number;
  readonly column: number;
}

export interface Edge {
  readonly left: ColumnOf;
  readonly right: ColumnOf;
  /** A row of the left leaf takes part only with one of the right. */
  readonly impliesRight: boolean;
  readonly impliesLeft: boolean;
}

/** A scalar expression of leaf columns, or why a column is none. */
export type Item =
  | { readonly kind: "column"; readonly column: ColumnOf; readonly key: string }
  | {
      readonly kind: "expression";
      /** SQL in which the leaf columns are written `l0c1`: the leaf's id and the column's place. */
      readonly text: string;
      readonly reads: readonly ColumnOf[];
      /** Equal for equal expressions. */
      readonly key: string;
    }
  | { readonly kind: "none"; readonly reason: string };

/** The name under which an item's text reads a leaf's column. */
export function leafColumnName(column: ColumnOf): string {
  return `l${column.leaf}c${column.column}`;
}

/** Leaf columns an item is made of. */
export function columnsRead(item: Item): readonly ColumnOf[] {
  if (item.kind === "column") return [item.column];
  return item.kind === "expression" ? item.reads : [];
}

/** Every base table below a source. */
export function tablesOf(source: Source): ReadonlySet<TableName> {
  switch (source.kind) {
    case "table":
      return new Set([source.table]);
    case "untraced":
      return new Set();
    case "set operation":
      return new Set(source.children.flatMap((child) => [...tablesOf(child)]));
    case "select":
      return new Set(source.leaves.flatMap((leaf) => [...tablesOf(leaf.source)]));
    default:
      return source satisfies never;
  }
}

const integers = "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT";
const followed = new Set(`${integers} BOOLEAN VARCHAR JSON UUID DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS`.split(" "));

/** Types of which equal values are the same value: not floating point (0 = -0), intervals (30 days = 1 month) or what holds such. */
export function isFollowed(type: string | null): type is string {
  return type !== null && (followed.has(type) || type === "TIMESTAMP WITH TIME ZONE" || /^DECIMAL\(\d+,\d+\)$/.test(type));
}
