import type { Location } from "../terms.ts";
import type { Check } from "./check.ts";
import { callSite } from "./location.ts";
import type { MaxRejected } from "./max-rejected.ts";
import { type BronzeSource, csv } from "./source.ts";
import type { Columns } from "./types.ts";
import { type WorkOptions, workOptions } from "./work-options.ts";

/**
 * Load-test copies: every row comes `times` times, the key columns of each further copy made new (`<value>~1`, `<value>~2` …), so that
 * joins and totals grow by exactly that factor.
 */
export interface Replicate {
  /** SQL expression over the pipeline's parameters, e.g. `case when $scale_data then $scale_multiplier else 1 end`. */
  readonly times: string;
  /** Varchar columns to make new. */
  readonly keys: readonly string[];
}

/**
 * What a new or changed file does to the table. `replace`: the table holds what the files hold now. `append`: files that were seen stay, even
 * when they are gone. `merge`: a row replaces the one that has its key, whichever file that came from; needs a key.
 */
export type Load = "replace" | "append" | "merge";

/**
 * What becomes of columns that a source file has and the contract does not. `freeze`: the step fails and names them. `discard`: they are left
 * out, with a note. `evolve`: they are kept beside the table, in the view `bronze.<name>__evolved`, as nullable columns of an inferred type,
 * and on record; a nullable column of the contract that the file lacks is null, with a note.
 */
export type SchemaMode = "freeze" | "evolve" | "discard";

/** New and changed files are read once, and then loaded in parts, each of them a step of its own. */
export interface Chunks {
  /** Rows of a chunk; the last one of a file has what is left. */
  readonly rows: number;
  /** Chunks at the same time, if there is room for them. Default: 32. */
  readonly concurrency?: number;
}

export interface BronzeDefinition<C extends Columns = Columns> {
  readonly kind: "bronze";
  readonly name: `bronze.${string}`;
  readonly description: string | null;
  readonly from: BronzeSource;
  readonly columns: C;
  /** Columns that identify a row; checked on every batch. Empty: none declared. */
  readonly key: readonly string[];
  readonly load: Load;
  /** Null: as the format has it, `discard` for JSON, whose objects are open, and for tables, which others change; `freeze` for files that name their columns. */
  readonly schema: SchemaMode | null;
  /** With `merge`: SQL condition that marks a row as the deletion of its key. */
  readonly deleted: string | null;
  /** Folder name → SQL expression, outermost first. */
  readonly partitionBy: Readonly<Record<string, string>>;
  readonly replicate: Replicate | null;
  /** Rows refused before the step fails. Null: any number short of all. */
  readonly maxRejected: MaxRejected | null;
  /** Null: a file is one piece of work. */
  readonly chunks: Chunks | null;
  readonly checks: readonly Check[];
  readonly tags: readonly string[];
  readonly work: WorkOptions;
  readonly location: Location;
}

export interface BronzeOptions<C extends Columns> extends WorkOptions {
  readonly description?: string;
  readonly from: BronzeSource;
  readonly columns: C;
  readonly key?: readonly (keyof C & string)[];
  /** Default: `replace`. */
  readonly load?: Load;
  /** Default: `discard` for JSON and tables of a database, `freeze` for CSV and Parquet. */
  readonly schema?: SchemaMode;
  /** With `load: "merge"`: SQL condition over the columns that marks a row as the deletion of its key, e.g. `op = 'D'`. */
  readonly deleted?: string;
  readonly partitionBy?: Readonly<Record<string, string>>;
  readonly replicate?: Replicate;
  readonly maxRejected?: MaxRejected;
  /** Loads files in chunks that are tried again each by itself, and that workers share, e.g. `{ rows: 10_000, concurrency: 8 }`. */
  readonly chunks?: Chunks;
  readonly checks?: readonly Check[];
  readonly tags?: readonly string[];
}

/**
 * A bronze table: the source's rows as they came, with the contract at the door. Rows that do not fit go to quarantine.
 *
 * @example
 * import { bronze, csv, t } from "assay";
 * export const sellers = bronze("sellers", {
 *   from: csv("sellers.csv"),
 *   columns: { seller_id: t.varchar(), seller_state: t.varchar() },
 *   key: ["seller_id"],
 * });
 */
export function bronze<const C extends Columns>(name: string, options: BronzeOptions<C>): BronzeDefinition<C> {
  return {
    kind: "bronze",
    name: `bronze.${name}`,
    description: options.description ?? null,
    from: options.from,
    columns: options.columns,
    key: options.key ?? [],
    load: options.load ?? "replace",
    schema: options.schema ?? null,
    deleted: options.deleted ?? null,
    partitionBy: options.partitionBy ?? {},
    replicate: options.replicate ?? null,
    maxRejected: options.maxRejected ?? null,
    chunks: options.chunks ?? null,
    checks: options.checks ?? [],
    tags: options.tags ?? [],
    work: workOptions(options),
    location: callSite(bronze),
  };
}

export interface SeedOptions<C extends Columns> extends WorkOptions {
  readonly description?: string;
  readonly columns: C;
  readonly key?: readonly (keyof C & string)[];
  /** CSV file below the project's folder `seeds/`; default: the table's name. */
  readonly file?: string;
  readonly checks?: readonly Check[];
  readonly tags?: readonly string[];
}

/**
 * A bronze table from a CSV that belongs to the project (`seeds/<name>.csv`): codes, mappings, targets.
 *
 * @example
 * import { seed, t } from "assay";
 * export const states = seed("states", { columns: { code: t.varchar(), name: t.varchar() }, key: ["code"] });
 */
export function seed<const C extends Columns>(name: string, options: SeedOptions<C>): BronzeDefinition<C> {
  const { file = `${name}.csv`, ...rest } = options;
  return { ...bronze(name, { ...rest, from: csv(file, { directory: "seeds" }) }), location: callSite(seed) };
}
