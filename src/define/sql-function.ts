import type { Location } from "../terms.ts";
import { callSite } from "./location.ts";
import type { Sql } from "./sql.ts";
import type { Column, Columns } from "./types.ts";

/** Engines a project function can have a body for. */
export type FunctionEngine = "duckdb" | "postgres";

/** Those of them that SQL is carried over to. */
export type OtherEngine = Exclude<FunctionEngine, "duckdb">;

export interface SqlFunctionDefinition {
  readonly kind: "function";
  readonly name: string;
  readonly description: string | null;
  /** Parameters in order; of a column only the type counts. */
  readonly params: Columns;
  readonly result: Column;
  /** One expression over the parameters for each engine. */
  readonly bodies: Readonly<Partial<Record<FunctionEngine, Sql>>>;
  readonly location: Location;
}

export interface SqlFunctionOptions {
  readonly description?: string;
  readonly params: Columns;
  readonly result: Column;
  /** In DuckDB's SQL; always needed, as models are typed by it. */
  readonly duckdb: Sql;
  /** In PostgreSQL's SQL; needed by environments on PostgreSQL where DuckDB's cannot be carried over. */
  readonly postgres?: Sql;
}

/**
 * A function of the project, called by its name in models, checks and other functions. Its body is one expression over its parameters, which
 * have the declared types there and are computed once a call; null comes in as null. The same arguments give the same result always: no
 * table, subquery, aggregate, window, nor anything that is another value in every run. Found in the files of `functions/`.
 *
 * @example
 * import { model, sql, sqlFunction, t } from "assay";
 * export const initials = sqlFunction("initials", {
 *   params: { first_name: t.varchar(), last_name: t.varchar() },
 *   result: t.varchar(),
 *   duckdb: sql`upper(first_name[1] || last_name[1])`,
 *   postgres: sql`upper(left(first_name, 1) || left(last_name, 1))`,
 * });
 * export const people = model("silver.people", {
 *   grain: ["id"],
 *   columns: { id: t.integer(), initials: t.varchar({ nullable: true }) },
 *   sql: sql`select id, ${initials}(first_name, last_name) as initials from bronze.people`,
 * });
 */
export function sqlFunction(name: string, options: SqlFunctionOptions): SqlFunctionDefinition {
  const { description, params, result, duckdb, postgres } = options;
  return {
    kind: "function",
    name,
    description: description ?? null,
    params,
    result,
    bodies: { duckdb, ...(postgres === undefined ? {} : { postgres }) },
    location: callSite(sqlFunction),
  };
}
