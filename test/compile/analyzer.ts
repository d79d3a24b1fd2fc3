import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../../src/adapters/duckdb/sql-analyzer.ts";
import { contractColumns } from "../../src/compile/contract.ts";
import type { Columns, ContractColumn } from "../../src/define/types.ts";
import { AssayError } from "../../src/errors.ts";
import type { DescribedColumn } from "../../src/ports/engine.ts";
import type { ParsedSql, SqlAnalyzer } from "../../src/ports/sql-analyzer.ts";
import type { SyntaxTree } from "../../src/ports/syntax-tree.ts";
import type { Params, TableName } from "../../src/terms.ts";

export type Tables = Readonly<Partial<Record<TableName, Columns>>>;

export interface TestAnalyzer {
  readonly analyzer: SqlAnalyzer;
  /** The declared tables as the compiler carries them. */
  readonly columns: ReadonlyMap<string, readonly ContractColumn[]>;
  tree(text: string): Promise<SyntaxTree>;
  identity(text: string): Promise<string>;
  /** What the text means, whatever its layout. */
  identity(text: string): Promise<string>;
  /** The binder's columns; throws what the binder says. */
  describe(text: string, params?: Params): Promise<readonly DescribedColumn[]>;
}

/** DuckDB's parser and binder over empty tables. */
export async function testAnalyzer(tables: Tables): Promise<TestAnalyzer> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  const columns = new Map<string, readonly ContractColumn[]>();
  for (const [name, definition] of Object.entries(tables)) {
    const contract = contractColumns(definition ?? {});
    await analyzer.declare([{ name: name as TableName, columns: contract }]);
    columns.set(name, contract);
  }
  const parse = async (text: string): Promise<ParsedSql> => {
    const [outcome] = await analyzer.parse([text]);
    if (outcome === undefined || "failure" in outcome) throw new Error(`does not parse: ${text}: ${outcome?.failure.message}`);
    return outcome;
  };
  return {
    analyzer,
    columns,
    tree: async (text) => (await parse(text)).tree,
    identity: async (text) => (await parse(text)).identity,
    describe: async (text, params = {}) => {
      const outcome = await analyzer.describe(text, params);
      if ("failure" in outcome) throw new Error(`does not bind: ${text}: ${outcome.failure.message}`);
      return outcome.columns;
    },
  };
}

/** The errors something throws or is rejected with, the first and its others, as `CODE message`. */
export async function errorsOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof AssayError) return [error, ...error.others].map((item) => `${item.code} ${item.message}`);
    throw error;
  }
  return [];
}
