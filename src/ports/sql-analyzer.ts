import type { ContractColumn } from "../define/types.ts";
import type { Params, TableName } from "../terms.ts";
import type { DescribedColumn } from "./engine.ts";
import type { ProjectFunction } from "./project-function.ts";
import type { SyntaxTree } from "./syntax-tree.ts";

export interface ParseFailure {
  readonly message: string;
  /** Byte offset in the text; null when unknown. */
  readonly offset: number | null;
}

export interface ParsedSql {
  readonly tree: SyntaxTree;
  /** Equal for two texts that mean the same: the tree's JSON without positions, so layout and comments do not count. */
  readonly identity: string;
}

export type ParseOutcome = ParsedSql | { readonly failure: ParseFailure };

export interface DeclaredTable {
  readonly name: TableName;
  readonly columns: readonly ContractColumn[];
}

export interface BindFailure {
  readonly message: string;
  /** Line within the text, from 1; null when unknown. */
  readonly line: number | null;
  readonly candidates: readonly string[];
  /** The column that was not found, when that is what failed. */
  readonly unknownColumn: string | null;
  /** The function that was not found, when that is what failed, and the engine's names that are near. */
  readonly unknownFunction: { readonly name: string; readonly candidates: readonly string[] } | null;
}

export type BindOutcome = { readonly columns: readonly DescribedColumn[] } | { readonly failure: BindFailure };

/** DuckDB's parser and binder over empty tables; touches no data. Calls may overlap: what was declared before a call began is visible to it. */
export interface SqlAnalyzer {
  parse(texts: readonly string[]): Promise<readonly ParseOutcome[]>;
  /** SQL of trees, each in the JSON of an `identity`; null for one of which no text is known that parses to exactly this tree. */
  print(identities: readonly string[]): Promise<readonly (string | null)[]>;
  /** Creates empty tables, so that later texts can read them. */
  declare(tables: readonly DeclaredTable[]): Promise<void>;
  /** Makes functions of the project, so that later texts can call them. */
  defineFunctions(functions: readonly ProjectFunction[]): Promise<void>;
  /** Types a query on the declared tables. */
  describe(text: string, params: Params): Promise<BindOutcome>;
  close(): void;
}
