import type { ZodType } from "zod";
import type { Location } from "../terms.ts";
import type { Text } from "./env.ts";
import { callSite } from "./location.ts";
import type { ModelDefinition } from "./model.ts";
import type { SqlFunctionDefinition } from "./sql-function.ts";
import { type Retries, type WorkOptions, workOptions } from "./work-options.ts";

export interface DuckdbConnection {
  readonly kind: "duckdb";
  /** Database file, relative to the project. */
  readonly path: Text;
}

export interface PostgresConnection {
  readonly kind: "postgres";
  /** `postgres://user:password@host:port/database`; treated as a secret. */
  readonly url: Text;
  /** What the names of an environment's schemas begin with, before an underscore; null: nothing. */
  readonly schemaPrefix: Text | null;
}

/** The embedded database of an environment. */
export const duckdb = (path: Text): DuckdbConnection => ({ kind: "duckdb", path });

/**
 * A PostgreSQL database, version 15 or newer: an environment's engine, or where a sink sends to. With `schemaPrefix` (small letters, digits, _)
 * an environment's schemas are `<prefix>_bronze`, `<prefix>_silver` and so on, so that several people share one database.
 */
export const postgres = (url: Text, options: { readonly schemaPrefix?: Text } = {}): PostgresConnection => ({
  kind: "postgres",
  url,
  schemaPrefix: options.schemaPrefix ?? null,
});

export interface Environment {
  /** Steps are carried out by `assay worker`, in any number of processes. Needs a database that processes can share. Default: by the run itself. */
  readonly workers?: boolean;
  /** Where its tables are. */
  readonly engine: DuckdbConnection | PostgresConnection;
}

/** How long what is no longer needed stays until `assay clean` takes it away: a duration such as `"90 days"`, or `"forever"`. */
export interface Keep {
  /** Batches in the lake that no table reads any more. Default: 90 days. */
  readonly batches: string;
  /** Row changes that every model has consumed. Default: 30 days. */
  readonly changes: string;
  /** Logs of runs. Default: 30 days. */
  readonly logs: string;
  /** Records of runs, steps and checks. Default: forever. */
  readonly runs: string;
}

export interface ProjectDefinition {
  readonly kind: "project";
  readonly name: string;
  /** Folder of the bronze files, relative to the project. */
  readonly lake: Text;
  readonly environments: Readonly<Record<string, Environment>>;
  readonly keep: Keep;
  /** Pool name → steps of it at the same time. */
  readonly pools: Readonly<Record<string, number>>;
  /** Environment used without --env. */
  readonly defaultEnvironment: string;
  readonly location: Location;
}

/**
 * The project: where its data lives. Default export of `assay.config.ts`. Tables, functions, pipelines and sinks are found in the
 * folders `sources/`, `models/`, `functions/`, `pipelines/` and `sinks/`.
 *
 * @example
 * import { defineProject, duckdb } from "assay";
 * export default defineProject({ name: "shop", lake: "./lake", environments: { dev: { engine: duckdb("./warehouse.duckdb") } } });
 */
export function defineProject(options: {
  readonly name: string;
  readonly lake?: Text;
  readonly environments?: Readonly<Record<string, Environment>>;
  readonly defaultEnvironment?: string;
  readonly keep?: Partial<Keep>;
  /** Pool name → steps of it at the same time; tables, models and sinks name their pool. */
  readonly pools?: Readonly<Record<string, number>>;
}): ProjectDefinition {
  const environments = options.environments ?? { dev: { engine: duckdb("./warehouse.duckdb") } };
  return {
    kind: "project",
    name: options.name,
    lake: options.lake ?? "./lake",
    environments,
    keep: { batches: "90 days", changes: "30 days", logs: "30 days", runs: "forever", ...options.keep },
    pools: options.pools ?? {},
    defaultEnvironment: options.defaultEnvironment ?? Object.keys(environments)[0] ?? "dev",
    location: callSite(defineProject),
  };
}

export interface PipelineDefinition {
  readonly kind: "pipeline";
  readonly name: string;
  readonly description: string | null;
  /** Cron expression in UTC; kept for the scheduler. */
  readonly schedule: string | null;
  readonly select: readonly string[];
  /** A zod object; its fields are the pipeline's parameters. */
  readonly params: ZodType | null;
  /** For steps whose table declares none. */
  readonly retries: Retries | null;
  readonly location: Location;
}

/**
 * A selection of tables that run together, with parameters.
 *
 * @example
 * import { pipeline } from "assay";
 * import { z } from "zod";
 * export const daily = pipeline("daily", { schedule: "0 6 * * *", params: z.object({ scale: z.boolean().default(false) }) });
 */
export function pipeline(
  name: string,
  options: {
    readonly description?: string;
    readonly schedule?: string;
    readonly select?: readonly string[];
    readonly params?: ZodType;
    /** For steps whose table declares none; without them only ENGINE_BUSY is tried again. */
    readonly retries?: Retries;
  } = {},
): PipelineDefinition {
  return {
    kind: "pipeline",
    name,
    description: options.description ?? null,
    schedule: options.schedule ?? null,
    select: options.select ?? ["*"],
    params: options.params ?? null,
    retries: options.retries ?? null,
    location: callSite(pipeline),
  };
}

export interface SinkDefinition {
  readonly kind: "sink";
  readonly name: string;
  readonly to: PostgresConnection;
  /** Schema the tables are written to. */
  readonly schema: string;
  readonly tables: readonly { readonly name: ModelDefinition["name"] }[];
  readonly work: WorkOptions;
  readonly location: Location;
}

/**
 * Sends published tables outward: read back, compared by count and checksum, and swapped in at once.
 *
 * @example
 * import { env, postgres, sink } from "assay";
 * export const warehouse = sink("warehouse", {
 *   to: postgres(env("WAREHOUSE_URL", { optional: true })),
 *   schema: "retail_gold",
 *   tables: [{ name: "gold.fact_sales" }],
 * });
 */
export function sink(
  name: string,
  options: {
    readonly to: PostgresConnection;
    readonly schema: string;
    readonly tables: readonly { readonly name: ModelDefinition["name"] }[];
  } & WorkOptions,
): SinkDefinition {
  const { to, schema, tables } = options;
  return { kind: "sink", name, to, schema, tables, work: workOptions(options), location: callSite(sink) };
}

/** Everything a project may export from its definition folders. */
export type Definition =
  | import("./bronze.ts").BronzeDefinition
  | ModelDefinition
  | PipelineDefinition
  | SinkDefinition
  | SqlFunctionDefinition;
