import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { quoteIdentifier, quoteText } from "../../src/define/quote.ts";
import { olistFiles } from "../../src/generators/olist-files.ts";

export interface OlistReader {
  /** The first column of the first row, as a number. */
  count(query: string): Promise<number>;
  rows(query: string): Promise<readonly (readonly unknown[])[]>;
  close(): void;
}

/** Strictly reads the files of a folder as tables `orders`, `customers`, `items` …, every column as text. */
export async function readOlist(folder: string): Promise<OlistReader> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  for (const [name, { file }] of Object.entries(olistFiles)) {
    const source = `read_csv(${quoteText(join(folder, file))}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"',
      strict_mode = true, auto_detect = false, columns = ${columnsOf(name as keyof typeof olistFiles)})`;
    await connection.run(`create table ${quoteIdentifier(name)} as select * from ${source}`);
  }
  const rows = async (query: string): Promise<readonly (readonly unknown[])[]> => (await connection.runAndReadAll(query)).getRowsJson();
  return {
    rows,
    count: async (query) => Number((await rows(query))[0]?.[0]),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

function columnsOf(name: keyof typeof olistFiles): string {
  return `{ ${olistFiles[name].columns.map((column) => `${quoteText(column)}: 'VARCHAR'`).join(", ")} }`;
}
