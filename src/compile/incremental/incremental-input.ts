import type { ContractColumn } from "../../define/types.ts";
import type { ParsedSql } from "../../ports/sql-analyzer.ts";
import type { Location, Params, TableName } from "../../terms.ts";

/** A model as the analysis of its upstreams' changes needs it. */
export interface IncrementalInput {
  readonly name: TableName;
  readonly location: Location;
  /** The author's SQL. */
  readonly text: string;
  readonly parsed: ParsedSql;
  /** The model's columns, as its table holds them. */
  readonly columns: readonly ContractColumn[];
  readonly by: readonly string[];
  /** Columns of every table and view the model reads, and of those that the views read. */
  readonly upstreams: ReadonlyMap<TableName, readonly ContractColumn[]>;
  /** Views among them: SQL that yields exactly their columns. */
  readonly views: ReadonlyMap<TableName, string>;
  /** Upstream → SQL of the `by` values that its changes touch. */
  readonly touches: Readonly<Partial<Record<TableName, string>>>;
  readonly ignoreChanges: readonly TableName[];
  /** A value of the right type for every parameter of the SQL. */
  readonly params: Params;
}
