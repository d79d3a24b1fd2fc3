import type { ContractColumn } from "../define/types.ts";
import type { Params, TableName } from "../terms.ts";
import type { EngineSql } from "./engine-sql.ts";
import type { ProjectFunction } from "./project-function.ts";
import type { SinkRows } from "./sink.ts";

/** SQL in the engine's dialect with named parameters (`$name`). */
export interface Statement {
  readonly text: string;
  readonly params?: Params;
}

/** A value as JSON carries it: decimals, 64-bit integers, dates and times are strings. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

export type Row = Readonly<Record<string, Cell>>;

/** A result with its columns in order; for people, not for moving data. */
export interface ResultTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface DescribedColumn {
  readonly name: string;
  /** Type as a contract names it, e.g. `DECIMAL(10,2)`; one that no contract can have as the engine prints it. */
  readonly type: string;
}

/** A table that rows are added to: `schema.name`, and all its columns in order. */
export interface InsertTarget {
  readonly table: string;
  readonly columns: Readonly<Record<string, "VARCHAR" | "INTEGER" | "BIGINT">>;
}

/** One connection. Used by one caller at a time. */
export interface Session {
  /** How its engine writes what is not the same everywhere. */
  readonly sql: EngineSql;
  /** An embedded DuckDB that reads and writes the lake's files for this session: where the engine is DuckDB, the session itself. */
  readonly files: Session;
  query(statement: Statement): Promise<readonly Row[]>;
  result(statement: Statement): Promise<ResultTable>;
  execute(statement: Statement): Promise<void>;
  /** Adds rows that live in JavaScript – state, not data – to a table. A field that is absent is null; text that is no text becomes U+FFFD. */
  insert(target: InsertTarget, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Adds the rows of a CSV file without header (null = empty, empty text = `""`, UTF-8) to a relation, given by its quoted name; returns how many. */
  copyIn(relation: string, columns: readonly string[], file: string): Promise<number>;
  /** Writes a query's rows as such a file. */
  copyOut(select: string, file: string): Promise<void>;
  /** The columns a query without parameters would yield; it is bound, not run. */
  describe(text: string): Promise<readonly DescribedColumn[]>;
  /** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Cancels the statement under way and refuses all that come, but for the end of a transaction: for a session that is then closed.
   * Resolves when nothing is under way any more.
   */
  cancel(): Promise<void>;
  close(): void;
}

/** What a model becomes. `select` yields the contract's columns in order. */
export interface Candidate {
  readonly table: TableName;
  readonly materialization: "table" | "view";
  readonly select: Statement;
  readonly columns: readonly ContractColumn[];
  /** The grain of a checked table, for a primary key; null where nothing was checked. */
  readonly key: readonly string[] | null;
  /** Index name → columns, for an engine that has indexes; default: none. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
  readonly description: string | null;
}

/** What an engine has to know of a bronze table to read its batch files. */
export interface BronzeShape {
  readonly name: TableName;
  readonly columns: readonly ContractColumn[];
  /** `merge`: rows of the files are merged into a table by key · else the table shows the files that count. */
  readonly load: "replace" | "append" | "merge";
}

/** Some rows of a batch file, as they stand in it. */
export interface FilePart {
  /** Full path of one Parquet file. */
  readonly file: string;
  /** From 0. */
  readonly first: number;
  readonly rows: number;
}

/** View of a bronze table with the columns that came from its source besides its contract's. Models cannot read it: they have no types for it. */
export const evolvedTable = (table: TableName): TableName => `${table}__evolved`;

/**
 * A database that holds models. Building and publishing happen inside the caller's transaction, so that candidate, checks, state and swap
 * become visible together or not at all.
 */
export interface Engine {
  session(): Promise<Session>;
  /** Makes the project's functions that are not there yet; what calls older versions of them is not affected. */
  defineFunctions(session: Session, functions: readonly ProjectFunction[]): Promise<void>;
  /** Writes the candidate beside the published table; returns the relation checks read. */
  buildCandidate(session: Session, candidate: Candidate): Promise<string>;
  /** Makes the candidate the table that readers see. */
  publish(session: Session, candidate: Candidate): Promise<void>;
  /** Drops a candidate that says nothing new. */
  discard(session: Session, candidate: Candidate): Promise<void>;
  /** What readers see under the name now; null: nothing. */
  kindOf(session: Session, table: TableName): Promise<"table" | "view" | null>;
  /**
   * The rows of batch files (paths or globs) as a bronze table shows them: a quoted name or a parenthesized query, for the caller's
   * transaction.
   */
  batchRows(session: Session, table: BronzeShape, files: readonly string[]): Promise<string>;
  /**
   * Takes batch files on whose rows come by {@link Engine.loadPart}, each once, before `batchRows` and `publishBronze` are given them. Readers
   * do not see them until then.
   */
  prepareParts(session: Session, table: BronzeShape, files: readonly string[]): Promise<void>;
  /** Loads a part of a file; several sessions may load others of the same file meanwhile. Returns how many rows it has. */
  loadPart(session: Session, table: BronzeShape, part: FilePart): Promise<number>;
  /** Drops what was loaded of files that `publishBronze` was never given. */
  dropParts(session: Session, table: BronzeShape): Promise<void>;
  /** Adds a query's rows to columns of a table, given by its quoted name; returns how many. */
  addRows(session: Session, relation: string, columns: readonly string[], select: Statement): Promise<number>;
  /** A relation with the values of a published table's column, for statements of `session.files`; until it is lent again. */
  lend(session: Session, table: TableName, column: string): Promise<string>;
  /**
   * Makes a bronze table a view over committed batch files (paths or globs); none gives an empty table. `evolved`: columns that some of the
   * files have besides; with any, {@link evolvedTable} shows them too.
   */
  publishBronze(
    session: Session,
    table: TableName,
    columns: readonly ContractColumn[],
    files: readonly string[],
    evolved?: readonly ContractColumn[],
  ): Promise<void>;
  /** Drops a table or view, whichever it is; does nothing where there is none. */
  drop(session: Session, table: TableName): Promise<void>;
  /** SQL of a hash over columns, for counting distinct keys cheaply: equal keys have equal hashes; different keys hardly ever do. */
  keyHash(columns: readonly string[]): string;
  /** SQL of an aggregate over columns (types as the engine prints them): a text that is equal for equal rows, whatever their order, and hardly ever for others. */
  contentHash(columns: readonly DescribedColumn[]): string;
  /** A published table's rows for a sink. */
  sinkRows(session: Session, table: TableName, columns: readonly ContractColumn[]): SinkRows;
}
