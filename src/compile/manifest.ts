import type { Chunks, Load, SchemaMode } from "../define/bronze.ts";
import type { Check } from "../define/check.ts";
import type { Materialization } from "../define/materialization.ts";
import type { MaxRejected } from "../define/max-rejected.ts";
import type { PostgresConnection } from "../define/project.ts";
import type { BronzeSource } from "../define/source.ts";
import type { ContractColumn } from "../define/types.ts";
import type { WorkOptions } from "../define/work-options.ts";
import type { ProjectFunction } from "../ports/project-function.ts";
import type { Layer, Location, TableName } from "../terms.ts";
import type { FollowedChanges } from "./incremental/upstream-link.ts";
import type { FilledColumn } from "./lineage.ts";

/** The compiled project: every table typed, ordered and fingerprinted. Plain data. */
export interface Manifest {
  readonly project: string;
  /** Tables in an order in which every table stands after its upstreams. */
  readonly tables: readonly ManifestTable[];
  /** Functions of the project, each after those it calls. */
  readonly functions: readonly ProjectFunction[];
  readonly sinks: readonly ManifestSink[];
  /** Pool name → steps of it at the same time. */
  readonly pools?: Readonly<Record<string, number>>;
}

interface TableBase {
  readonly name: TableName;
  readonly layer: Layer;
  readonly description: string | null;
  readonly columns: readonly ContractColumn[];
  /** Columns that identify a row. Empty for bronze: none declared; for a model: exactly one row. */
  readonly grain: readonly string[];
  readonly checks: readonly Check[];
  /** Refused rows before a step fails; null: any number short of all. */
  readonly maxRejected: MaxRejected | null;
  readonly tags: readonly string[];
  /** How its steps are carried out; no part of the definition. */
  readonly work?: WorkOptions;
  /** Tables the SQL reads. */
  readonly upstreams: readonly TableName[];
  /** Upstreams, and tables that checks compare with: all have to be there first. */
  readonly dependencies: readonly TableName[];
  /** Pipeline parameters the table's definition uses. */
  readonly params: readonly string[];
  /** Hash of the definition alone: contract, SQL tree or source, checks. Layout and comments do not count. */
  readonly fingerprint: string;
  /** Does a model follow this table's row changes? Then every commit records them. */
  readonly tracked: boolean;
  readonly location: Location;
}

export interface BronzeTable extends TableBase {
  readonly kind: "bronze";
  readonly source: BronzeSource;
  readonly load: Load;
  readonly schema: SchemaMode;
  /** With `merge`: SQL condition that marks a row as the deletion of its key. */
  readonly deleted: string | null;
  readonly partitionBy: readonly { readonly folder: string; readonly expression: string }[];
  readonly replicate: { readonly times: string; readonly keys: readonly string[] } | null;
  /** How its files are loaded; what they make does not depend on it. */
  readonly chunks?: Chunks;
  /** Hash of what shapes the bronze files: contract, partitions, replication, rules that divert rows. Equal hash and content: no new ingest. */
  readonly contractFingerprint: string;
}

export interface ModelTable extends TableBase {
  readonly kind: "model";
  readonly materialize: Materialization;
  /** The author's SQL. */
  readonly sql: string;
  /** SELECT of the columns the SQL makes, in the contract's order and with its types; a snapshot table adds its own columns. */
  readonly select: string;
  /** The engine's SQL, where it was written by hand; `select` then reads it, and its columns are compared with the contract before a build. */
  readonly override?: string;
  /** How changes of upstreams map to touched values; null for a table that is not refreshed by its changes. */
  readonly incremental: FollowedChanges | null;
  readonly indexes: Readonly<Record<string, readonly string[]>>;
  /** Table whose join repeats rows that the model adds up → why that is meant. */
  readonly fanOut: Readonly<Record<string, string>>;
  readonly joins: readonly JoinedTable[];
  readonly orphans: readonly OrphanRule[];
  readonly ledger: LedgerPlan;
}

export type ManifestTable = BronzeTable | ModelTable;

/** A table read by a model's outermost FROM, and the equalities that join it. */
export interface JoinedTable {
  readonly table: TableName;
  readonly alias: string;
  /** Column of this table = column of another table in the same FROM. */
  readonly on: readonly JoinEdge[];
  /** Columns of this table that its own join equates with a table before it. */
  readonly joinedBy: readonly JoinEdge[];
  /** Joined by these equalities and nothing else. */
  readonly exact: boolean;
  /** Columns of this table that the model passes on unchanged: output name → column. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Columns passed on with a constant in place of absent values: output name → column and constant (SQL). */
  readonly filled: Readonly<Record<string, FilledColumn>>;
}

/** A LEFT JOIN on a whole key whose misses the result shows: rows with a key and without what the key stands for. */
export interface OrphanRule {
  readonly dimension: TableName;
  /** The dimension is a history, met at the row's time. */
  readonly atTime: boolean;
  /** Column of the dimension's key and the result's column that holds the left side's value. */
  readonly keys: readonly { readonly column: string; readonly output: string }[];
  /** Column of the dimension that is never null there, and the result's column of it; `absent`: SQL of the constant in its place. */
  readonly witness: { readonly output: string; readonly column: string; readonly absent: string | null };
}

/** A table's column that equals a column of another table in the same FROM. */
export interface JoinEdge {
  readonly column: string;
  readonly otherAlias: string;
  readonly otherColumn: string;
}

/** How a model's rows are accounted for. */
export interface LedgerPlan {
  /** Upstream whose rows the model keeps one for one, but for named removals; null where the grain changes. */
  readonly keeps: TableName | null;
  /** Names of the rules that remove rows, in the order WHERE, then QUALIFY or DISTINCT. */
  readonly where: string | null;
  readonly thenRemovedBy: string | null;
  readonly upstreams: readonly UpstreamUse[];
  /** Parameters of the measuring query. */
  readonly params: readonly string[];
  /** Query of one row: `joined` rows of FROM, `passed` rows that pass WHERE, and one column for each `measured` upstream. */
  readonly measure: string | null;
}

/** A key column of an upstream and the result's column that holds its values. */
export interface KeyInResult {
  readonly column: string;
  readonly output: string;
  /** SQL of the value that stands for an absent key; no row of the upstream may have it, or its rows cannot be told. */
  readonly absent: string | null;
}

/**
 * How many rows of an upstream reach the result. `all`: every row read · `rows`: one for each row made, as the grain is the upstream's own ·
 * `matched`: those whose key stands in the result · `measured`: a column of the ledger's query · `unknown`: cannot be told.
 */
export interface UpstreamUse {
  readonly table: TableName;
  readonly used:
    | { readonly kind: "all" | "rows" | "unknown" }
    | { readonly kind: "matched"; readonly keys: readonly KeyInResult[] }
    | { readonly kind: "measured"; readonly column: string };
}

export interface ManifestSink {
  readonly name: string;
  readonly to: PostgresConnection;
  readonly schema: string;
  readonly tables: readonly TableName[];
  readonly work?: WorkOptions;
  readonly fingerprint: string;
  readonly location: Location;
}
