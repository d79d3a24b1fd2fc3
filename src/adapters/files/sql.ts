import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";

/** Temporary tables for rows that DuckDB refuses. */
export interface RejectsTables {
  readonly table: string;
  readonly scan: string;
}

/** A path as DuckDB's readers take it: no character of it is a wildcard. */
export function quotePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, "[$&]"));
}

export interface CsvRead {
  readonly path: string;
  /** In the file's order. */
  readonly columns: readonly ContractColumn[];
  readonly delimiter: string;
  readonly quote: string;
  readonly skip: number;
  readonly maxRowBytes: number;
  /** A quoted empty value is an empty text. */
  readonly emptyText: boolean;
  readonly rejects: RejectsTables;
}

/** `read_csv(…)` with nothing left to guess: every column as text. A file's folder names are never taken for columns. */
export function readCsv(read: CsvRead): string {
  const types = read.columns.map((column) => `${quoteText(column.name)}: 'VARCHAR'`);
  return `read_csv(${quotePath(read.path)}, columns = {${types.join(", ")}}, auto_detect = false, header = true, skip = ${read.skip},
    delim = ${quoteText(read.delimiter)}, quote = ${quoteText(read.quote)}, escape = ${quoteText(read.quote)}, strict_mode = true,
    allow_quoted_nulls = ${!read.emptyText}, max_line_size = ${read.maxRowBytes}, hive_partitioning = false, ${storeRejects(read.rejects)})`;
}

const storeRejects = (rejects: RejectsTables): string =>
  `store_rejects = true, rejects_table = ${quoteText(rejects.table)}, rejects_scan = ${quoteText(rejects.scan)}`;

/** Lines of a text file as `line`, blank ones null, in order. */
export function readLines(path: string, delimiter: string, maxLineBytes: number, rejects: RejectsTables | null): string {
  return `read_csv(${quotePath(path)}, columns = {'line': 'VARCHAR'}, auto_detect = false, header = false, delim = ${quoteText(delimiter)},
    quote = '', escape = '', strict_mode = false, max_line_size = ${maxLineBytes}, hive_partitioning = false,
    ${rejects === null ? "ignore_errors = true" : storeRejects(rejects)})`;
}

/** One row per fault, in file order; a row's raw text stands at its first fault only. */
export function selectRejects(table: string): string {
  return `select line::double as line, error_type::varchar as fault, error_message as message,
      case when row_number() over (partition by line order by column_idx nulls first) = 1 then csv_line end as raw
    from ${quoteIdentifier(table)} order by line, column_idx nulls first`;
}

/** Reads every value of every row, so that the rejects tables hold all that are refused. */
export function countAccepted(columns: readonly ContractColumn[], from: string): string {
  return `select count(hash(${columnList(columns.map((column) => column.name))})) as rows from ${from}`;
}

export function dropRejects(rejects: RejectsTables): readonly string[] {
  return [rejects.table, rejects.scan].map((table) => `drop table if exists ${quoteIdentifier(table)}`);
}
