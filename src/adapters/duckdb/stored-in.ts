import { quoteText } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { WarehouseReader } from "../../ports/warehouse-reader.ts";

/** Reads what another database file stores: each query opens the file for reading, and lets it go when it ends. */
export function storedIn(path: string): WarehouseReader {
  // The function takes patterns.
  const file = quoteText(path.replace(/[*?[]/g, "[$&]"));
  return {
    views: false,
    relation: async (_session, table) => {
      const { schema, name } = splitTable(table);
      return `read_duckdb(${file}, schema_name = ${quoteText(schema)}, table_name = ${quoteText(name)})`;
    },
  };
}
