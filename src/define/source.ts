import type { Setting, Text } from "./env.ts";

/** Files at rest. `path` may hold `*`, `**` and `?`; `.gz` is read as it is. */
interface FileSourceBase {
  readonly path: string;
  /** Folder the path starts from; a value from the environment is relative to the shell's folder, anything else to the project's. */
  readonly directory: string | Setting | null;
}

export interface CsvSource extends FileSourceBase {
  readonly kind: "csv";
  readonly delimiter: string;
  readonly quote: string;
  /** Largest row in bytes. */
  readonly maxRowBytes: number;
  /** A quoted empty value is an empty text, not absent. For rows that Assay writes itself. */
  readonly emptyText?: true;
}

export interface JsonSource extends FileSourceBase {
  readonly kind: "json";
  /** `lines`: one object a line; `array`: one array of objects. */
  readonly layout: "lines" | "array";
}

export interface ParquetSource extends FileSourceBase {
  readonly kind: "parquet";
}

export type FileSource = CsvSource | JsonSource | ParquetSource;

/** A table or view of a PostgreSQL database that is not the environment's own. */
export interface PostgresTable {
  readonly kind: "postgres";
  /** `postgres://user:password@host:port/database`; treated as a secret. */
  readonly url: Text;
  /** `schema.table`. */
  readonly table: string;
}

/** Where a bronze table's rows come from. */
export type BronzeSource = FileSource | PostgresTable;

export interface FileOptions {
  readonly directory?: string | Setting;
}

/**
 * CSV with a header line (RFC 4180: quoted fields may hold delimiters, quotes and newlines). Columns are matched by name; an empty field is null.
 *
 * @example
 * import { csv, env } from "assay";
 * const orders = csv("orders-*.csv.gz", { directory: env("LANDING_DIR", { default: "./data" }), delimiter: ";" });
 */
export function csv(path: string, options: FileOptions & { delimiter?: string; quote?: string; maxRowBytes?: number } = {}): CsvSource {
  return {
    kind: "csv",
    path,
    directory: options.directory ?? null,
    delimiter: options.delimiter ?? ",",
    quote: options.quote ?? '"',
    maxRowBytes: options.maxRowBytes ?? 2_000_000,
  };
}

/** JSON objects whose fields are the columns. */
export function json(path: string, options: FileOptions & { layout?: "lines" | "array" } = {}): JsonSource {
  return { kind: "json", path, directory: options.directory ?? null, layout: options.layout ?? "lines" };
}

/** Parquet files; columns are matched by name. */
export function parquet(path: string, options: FileOptions = {}): ParquetSource {
  return { kind: "parquet", path, directory: options.directory ?? null };
}

/**
 * A table or view of another PostgreSQL database, read through a connection of its own that can change nothing there. It counts as one file;
 * columns are matched by name.
 *
 * @example
 * import { env, postgresTable } from "assay";
 * const orders = postgresTable(env("DATA_LAKE_URL"), "shop.orders");
 */
export function postgresTable(url: Text, table: `${string}.${string}`): PostgresTable {
  return { kind: "postgres", url, table };
}
