import type { BronzeTable } from "../compile/manifest.ts";
import { columnTypeName } from "../define/column-type.ts";
import { columnList, quoteIdentifier, quoteText } from "../define/quote.ts";

/** The rows of Parquet files (paths or globs), as a bronze table shows them. */
export function relationOver(table: BronzeTable, files: readonly string[]): string {
  const columns = columnList(table.columns.map((column) => column.name));
  const paths = files.map(quoteText).join(", ");
  if (files.length > 0) return `(select ${columns} from read_parquet([${paths}], hive_partitioning = false))`;
  const empty = table.columns.map((column) => `cast(null as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
  return `(select ${empty.join(", ")} where false)`;
}
