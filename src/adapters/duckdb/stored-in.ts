import { quoteText } from "../../define/quote.ts";
import type { WarehouseReader } from "../../ports/warehouse-reader.ts";

/** Reads what another database file stores: each query opens the file for reading, and lets it go when it ends. */
export function storedIn(path: string): WarehouseReader {
  // The function takes patterns.
  const file = quoteText(path.replace(/[*?[]/g, "[$&]"));
  return {
    views: false,
    relation: async (_session, table) => {
      const dot = table.indexOf(".");
      const [schema, name] = [table.slice(0, dot), table.slice(dot + 1)].map(quoteText);
      return `read_duckdb(${file}, schema_name = ${schema}, table_name = ${name})`;
    },
  };
}
