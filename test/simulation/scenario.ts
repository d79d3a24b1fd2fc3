import type { Chunks, Load } from "../../src/define/bronze.ts";
import type { Materialization } from "../../src/define/materialization.ts";
import type { TableName } from "../../src/terms.ts";

export type SimType = "varchar" | "integer" | "bigint" | "decimal" | "timestamp" | "boolean";

export interface SimColumn {
  readonly name: string;
  readonly type: SimType;
  readonly nullable: boolean;
}

/** A row as its source has it: values as text, in the columns of its table. */
export type SourceRow = Readonly<Record<string, string | null>>;

export interface BronzeSpec {
  readonly name: `bronze.${string}`;
  readonly format: "csv" | "json" | "parquet";
  readonly load: Load;
  readonly key: readonly string[];
  readonly deleted: string | null;
  readonly columns: readonly SimColumn[];
  readonly partitioned: boolean;
  /** Null: files are loaded as one. */
  readonly chunks: Chunks | null;
  /** Share of the rows that no contract takes, in files that have some. */
  readonly dirt: number;
}

export interface ModelSpec {
  readonly name: TableName;
  /** Constructs of SQL it is made of, for the counters. */
  readonly constructs: readonly string[];
  readonly sql: string;
  readonly columns: readonly SimColumn[];
  readonly key: readonly string[];
  readonly reads: readonly TableName[];
  readonly materialize: Materialization;
  /** Condition on a row, without which it goes to quarantine; null: there is none. */
  readonly rule: string | null;
  /** Is the contract written, or inferred from the SQL? */
  readonly declared: boolean;
  /** SQL from the scenario's revision on; null: the same. */
  readonly revised: string | null;
}

export interface ProjectSpec {
  readonly bronze: readonly BronzeSpec[];
  readonly models: readonly ModelSpec[];
}

/** A file of a bronze table as it stands from now on; null: it is gone. */
export interface FileChange {
  readonly table: BronzeSpec["name"];
  readonly file: string;
  readonly rows: readonly SourceRow[] | null;
}

/** The process dies at the nth operation, the nth that leaves something behind, or the nth of a label; `torn`: when that is half done. */
export interface CrashPoint {
  readonly count: "operation" | "durable" | { readonly label: string };
  readonly number: number;
  readonly when: "before" | "torn";
}

export interface RunSpec {
  /** From 1; gives the run's id and day. */
  readonly number: number;
  /** What is older than so many days, and not needed, is removed before the run; null: nothing is. */
  readonly clean: number | null;
  /** Rows in quarantine are mended and enter, if there are any; what happened at the sources is left to the next run. */
  readonly replay: boolean;
  /** What happened at the sources before the run. */
  readonly changes: readonly FileChange[];
  /** Tables that are run; null: all. */
  readonly select: readonly TableName[] | null;
  readonly crash: CrashPoint | null;
  readonly fullRefresh: boolean;
  readonly alwaysRefresh: boolean;
  readonly concurrency: number;
  /** Do models have their revised SQL? */
  readonly revised: boolean;
}

/** Everything that happens, as plain data: the same scenario gives the same outcome. */
export interface Scenario {
  readonly seed: number;
  readonly project: ProjectSpec;
  readonly runs: readonly RunSpec[];
  /** Milliseconds that pass at each look at the clock within a run. */
  readonly tick: number;
  /** Does a reader look at the tables after every commit? */
  readonly glimpses: boolean;
  /** Is there one more run at the end even where nothing is left to do? */
  readonly onceMore: boolean;
  /** Is everything built once more, in a new database, at the end? */
  readonly freshBuild: boolean;
}
