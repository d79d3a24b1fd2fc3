import type { Location, TableName } from "../terms.ts";
import type { Check } from "./check.ts";
import { callSite } from "./location.ts";
import { type Materialization, table } from "./materialization.ts";
import type { MaxRejected } from "./max-rejected.ts";
import type { Sql } from "./sql.ts";
import type { OtherEngine } from "./sql-function.ts";
import type { Columns } from "./types.ts";
import { type WorkOptions, workOptions } from "./work-options.ts";

export interface ModelDefinition<C extends Columns = Columns> {
  readonly kind: "model";
  readonly name: TableName;
  readonly description: string | null;
  /** Columns that identify a row; an empty list means exactly one row. Null: not declared, which `assay check` refuses. */
  readonly grain: readonly string[] | null;
  /** Null: inferred from the SQL. */
  readonly columns: C | null;
  readonly materialize: Materialization;
  readonly checks: readonly Check[];
  /** Rows in quarantine before the step fails. Null: any number short of all. */
  readonly maxRejected: MaxRejected | null;
  /** Index name → columns, for engines and sinks that have indexes. */
  readonly indexes: Readonly<Record<string, readonly string[]>>;
  readonly tags: readonly string[];
  /** Table whose join repeats rows that the model adds up, averages or counts → why that is meant. */
  readonly fanOut: Readonly<Record<string, string>>;
  readonly work: WorkOptions;
  /** In DuckDB's SQL: what the model is, on every engine. */
  readonly sql: Sql;
  /** SQL written by hand for other engines, where what DuckDB's is carried over to will not do. Absent: none. */
  readonly overrides?: SqlOverrides;
  readonly location: Location;
}

export type SqlOverrides = Readonly<Partial<Record<OtherEngine, Sql>>>;

export interface ModelOptions<C extends Columns> extends WorkOptions {
  readonly description?: string;
  readonly grain: readonly (keyof C & string)[];
  readonly columns: C;
  readonly materialize?: Materialization;
  readonly checks?: readonly Check[];
  readonly maxRejected?: MaxRejected;
  readonly indexes?: Readonly<Record<string, readonly (keyof C & string)[]>>;
  readonly tags?: readonly string[];
  /** Allows a join that repeats the rows of a measure (FAN_TRAP): the table that repeats them → why that is meant. */
  readonly fanOut?: Readonly<Record<string, string>>;
  /** DuckDB's SQL, which is carried over to other engines; or that and what runs on another engine instead. */
  readonly sql: Sql | ({ readonly duckdb: Sql } & SqlOverrides);
}

/** A model declared in TypeScript, where the contract is always written. */
export type TypedModel<C extends Columns> = ModelDefinition<C> & { readonly columns: C };

/** What JavaScript gives instead of either is told when the project is loaded. */
const hasOverrides = (written: ModelOptions<Columns>["sql"]): written is { readonly duckdb: Sql } & SqlOverrides =>
  typeof written === "object" && written !== null && !("kind" in written);

/**
 * A silver or gold table: one SELECT and the contract it has to keep.
 *
 * @example
 * import { model, sql, t } from "assay";
 * export const dailyRevenue = model("gold.daily_revenue", {
 *   grain: ["day"],
 *   columns: { day: t.date(), revenue: t.decimal(14, 2, { nullable: true }) },
 *   sql: sql`select ordered_at::date as day, sum(total) as revenue from silver.sales group by all`,
 * });
 */
export function model<const C extends Columns>(name: `silver.${string}` | `gold.${string}`, options: ModelOptions<C>): TypedModel<C> {
  const { sql: written } = options;
  const { duckdb, ...overrides } = hasOverrides(written) ? written : { duckdb: written };
  return {
    kind: "model",
    name,
    description: options.description ?? null,
    grain: options.grain ?? null,
    columns: options.columns,
    materialize: options.materialize ?? table(),
    checks: options.checks ?? [],
    maxRejected: options.maxRejected ?? null,
    indexes: options.indexes ?? {},
    tags: options.tags ?? [],
    fanOut: options.fanOut ?? {},
    work: workOptions(options),
    sql: duckdb,
    ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
    location: callSite(model),
  };
}
