import { quoteIdentifier } from "../../define/quote.ts";
import { qualified } from "./sql.ts";

/** A column as the catalog knows it. */
export interface CatalogColumn {
  readonly name: string;
  readonly type: string;
  /** Of a type whose values are texts. */
  readonly isText: boolean;
}

/** A column of the contract, and the table's that holds it. */
export interface ReadColumn {
  readonly name: string;
  readonly from: CatalogColumn;
}

/** One table as it is read. */
export interface TableRead {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly ReadColumn[];
}

export const beginReadSql = "begin transaction isolation level repeatable read read only";

/** Columns of a relation by `$1` schema and `$2` name, in their order; no row: there is none, or none with columns. */
export const columnsSql = `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
    t.typcategory = 'S' as "isText"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
  where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') order by a.attnum`;

export const relationsSql = `select n.nspname || '.' || c.relname as name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  order by 1 limit 10000`;

/** Booleans as words: COPY would write t and f, which a column of texts would keep. */
function valueSql({ from }: ReadColumn): string {
  return from.type === "boolean" ? `${columnSql(from)}::text` : columnSql(from);
}

/** With the table's name before it: alone, it could mean an output column in ORDER BY. */
const columnSql = ({ name }: CatalogColumn): string => `source.${quoteIdentifier(name)}`;

/** A row's hash. The text of a row tells null from an empty text, and where each value ends. */
const digestSql = ({ columns }: TableRead): string => `sha256(convert_to(row(${columns.map(valueSql).join(", ")})::text, 'UTF8'))`;

/**
 * Number of rows and four sums over the quarters of all rows' hashes: equal for equal rows in any order. One scan, nothing is sorted or kept.
 */
export function contentSql(read: TableRead): string {
  const quarter = (at: number): string =>
    `sum(('x' || encode(substr(digest, ${at * 8 + 1}, 8), 'hex'))::bit(64)::bigint)::text as sum_${at}`;
  return `select count(*)::text as rows, ${[0, 1, 2, 3].map(quarter).join(", ")}
    from (select ${digestSql(read)} as digest from ${qualified(read.schema, read.table)} as source offset 0) as digests`;
}

/** The rows as CSV; equal rows give equal files. Sorted by key, so that neighbours in the lake are neighbours by key. */
export function copyTableSql(read: TableRead, key: readonly string[]): string {
  const order = key.flatMap((name) => {
    const column = read.columns.find((item) => item.name === name);
    if (column === undefined) return [];
    return [`${columnSql(column.from)}${column.from.isText ? ' collate "C"' : ""}`];
  });
  const values = read.columns.map((column) => `${valueSql(column)} as ${quoteIdentifier(column.name)}`).join(", ");
  const sorted = [...order, digestSql(read)].join(", ");
  return `copy (select ${values} from ${qualified(read.schema, read.table)} as source order by ${sorted})
    to stdout (format csv, header true, null '', encoding 'UTF8')`;
}
