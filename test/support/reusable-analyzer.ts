import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { quoteTable } from "../../src/define/quote.ts";
import type { SqlAnalyzer } from "../../src/ports/sql-analyzer.ts";

let shared: Promise<SqlAnalyzer> | undefined;

/** One analyzer for many small projects of a process: opening a database takes longer than compiling them. */
export function reusableAnalyzer(): Promise<SqlAnalyzer> {
  shared ??= openAnalyzer();
  return shared;
}

async function openAnalyzer(): Promise<SqlAnalyzer> {
  const database = await memoryDatabase();
  const analyzer = await duckdbAnalyzer(database);
  const session = await database.session();
  return {
    ...analyzer,
    declare: async (tables) => {
      if (tables.length === 0) return;
      await session.execute({ text: tables.map(({ name }) => `drop table if exists ${quoteTable(name)}`).join("; ") });
      await analyzer.declare(tables);
    },
  };
}
