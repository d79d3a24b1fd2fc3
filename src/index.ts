/** The public API: what a project's definition files import. */

export { asOf } from "./define/as-of.ts";
export {
  type BronzeDefinition,
  type BronzeOptions,
  bronze,
  type Load,
  type Replicate,
  type SchemaMode,
  type SeedOptions,
  seed,
} from "./define/bronze.ts";
export { type Check, type CheckKind, type CheckOptions, check, type DriftOptions, type DriftRule } from "./define/check.ts";
export { env, type Setting, type SettingOptions, type Text } from "./define/env.ts";
export {
  append,
  incremental,
  type Materialization,
  type MaterializationKind,
  openEnd,
  openStart,
  snapshot,
  table,
  view,
} from "./define/materialization.ts";
export type { MaxRejected } from "./define/max-rejected.ts";
export { type ModelDefinition, type ModelOptions, model, type TypedModel } from "./define/model.ts";
export {
  type GivenTable,
  type ModelTestDefinition,
  type ModelTestOptions,
  modelTest,
  rows,
  type TestedTable,
} from "./define/model-test.ts";
export {
  type DuckdbConnection,
  defineProject,
  duckdb,
  type Environment,
  type Keep,
  type PipelineDefinition,
  type PostgresConnection,
  type ProjectDefinition,
  pipeline,
  postgres,
  type SinkDefinition,
  sink,
} from "./define/project.ts";
export {
  type BronzeSource,
  type CsvSource,
  csv,
  type FileOptions,
  type FileSource,
  type JsonSource,
  json,
  type ParquetSource,
  type PostgresTable,
  parquet,
  postgresTable,
} from "./define/source.ts";
export { type FunctionReference, type Sql, type SqlFragment, sql, type TableReference } from "./define/sql.ts";
export { type FunctionEngine, type SqlFunctionDefinition, type SqlFunctionOptions, sqlFunction } from "./define/sql-function.ts";
export { type Column, type ColumnOptions, type Columns, type ColumnType, type RowOf, t } from "./define/types.ts";
export type { Retries, WorkOptions } from "./define/work-options.ts";
export { AssayError, type ErrorCode, errorCodes } from "./errors.ts";
export type * from "./terms.ts";
