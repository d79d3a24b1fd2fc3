import type { BronzeSource } from "../define/source.ts";
import type { ColumnType, ContractColumn } from "../define/types.ts";
import type { Statement } from "./engine.ts";
import type { RecordValues } from "./quarantine.ts";

/** A source file as it stands now. */
export interface SourceFile {
  readonly path: string;
  /** Path below the folder the pattern starts from: the file's identity across moves of that folder. */
  readonly name: string;
  readonly bytes: number;
  /** Size, times and inode in one text: equal stamps mean the content was not touched since. */
  readonly stamp: string;
  /** When the stamp was taken, ms since 1970. */
  readonly stampedAt: number;
  readonly sha256: string;
}

/** What is known of a file from its last ingest, to spare reading it again. */
export interface KnownFile {
  readonly name: string;
  readonly stamp: string;
  readonly sha256: string;
  /** When the stamp was taken, ms since 1970. */
  readonly stampedAt: number;
}

/** How to read one file with the contract's types. */
export interface SourceRead {
  /**
   * SELECT of the contract's columns; absent values are null. It fails when a value does not fit, rarely also when one is spelled unusually.
   * Fills `rejects`, when that names a table, unless it fails.
   */
  readonly select: string;
  /** SELECT of just the rows that fit, with no null in a not-null column; slower. Fills `rejects`. */
  readonly selectFitting: string;
  /** Temporary table in which the engine puts rows that did not fit; null when `refusals` finds them itself. */
  readonly rejects: { readonly table: string; readonly scan: string } | null;
  /** Records in the file, counted independently of the engine; null where the format has no second reader. */
  readonly records: number | null;
  /** Bytes of the longest record; 0 where they were not counted. */
  readonly largestRecord: number;
  readonly notes: readonly string[];
  /**
   * Looks through the file for what the engine would misread without a word, which may be done while the engine reads; what was read before
   * it is through counts for nothing. Gives back the read as it has to be: records counted, and another `select` where rows are longer than
   * usual. Left out: there is nothing to look for. Throws SOURCE_UNREADABLE.
   */
  readonly prove?: () => Promise<SourceRead>;
}

/** The read as it has to be, once the file has been looked through. Throws SOURCE_UNREADABLE. */
export const proven = async (opened: SourceRead): Promise<SourceRead> => (await opened.prove?.()) ?? opened;

/** A column that a file has and the contract does not. */
export interface ExtraColumn {
  readonly name: string;
  /**
   * Types that hold every value of the file unchanged, the most telling one first; empty when the file has no value, or none of a type that
   * a column can have.
   */
  readonly types: readonly ColumnType[];
  /** The engine's name of a type that no column can have; null: there is none. */
  readonly unusable: string | null;
}

/** A row refused at the door. */
export interface Refusal {
  /** Record in the file, from 1; the header, where there is one, is record 1 (as a spreadsheet numbers them). Null: not known. */
  readonly row_number: number | null;
  readonly column: string | null;
  /** `type`, `not_null`, `too_few_columns`, `too_many_columns`, `encoding`, `quote`, `too_long`, `syntax`, or a kind of check. */
  readonly reason: string;
  readonly message: string;
  readonly raw: string | null;
  /** What it broke, where reason and column do not say it. */
  readonly rule?: string;
  /** The contract's values as text, where the record could be split into them. */
  readonly record?: RecordValues | null;
}

/** A rule that every row at the door has to keep, beside the contract. */
export interface DoorRule {
  readonly rule: string;
  readonly reason: string;
  readonly column: string | null;
  /** What a row that breaks it is told. */
  readonly message: string;
  /** SQL condition over the contract's columns, true for a row that breaks the rule. */
  readonly broken: string;
}

/** Runs SQL on the embedded DuckDB that reads and writes files. */
export interface FileReader {
  query(statement: Statement): Promise<readonly Readonly<Record<string, unknown>>[]>;
  execute(statement: Statement): Promise<void>;
}

/** What is to be brought of a file, and where to. */
export interface FetchWanted {
  readonly columns: readonly ContractColumn[];
  readonly key: readonly string[];
  /** Made when it is needed. */
  readonly folder: string;
  /** Aborted: nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Sources of some kinds. */
export interface Source<S extends BronzeSource = BronzeSource> {
  /**
   * Files that match now, in name order. A table of a database counts as one file, whose content is that of the contract's columns. Throws
   * SOURCE_*, and SETTING_* where an address is not set.
   */
  list(
    source: S,
    directory: string,
    known: ReadonlyMap<string, KnownFile>,
    columns: readonly ContractColumn[],
  ): Promise<readonly SourceFile[]>;
  /**
   * Brings what lies elsewhere into `folder`, and gives back the file as it was then, which may be another than was listed. A file on this
   * machine is given back as it is. Rows of a table come in the order of `key`. Throws SOURCE_*.
   */
  fetch(source: S, file: SourceFile, wanted: FetchWanted): Promise<SourceFile>;
  /** Compares the file's shape with the contract and says how to read it. Throws SOURCE_HEADER, SOURCE_UNREADABLE. */
  open(source: S, file: SourceFile, columns: readonly ContractColumn[], reader: FileReader): Promise<SourceRead>;
  /**
   * The file's columns in their order (for JSON: the fields its objects have), and those of them that the contract does not have. Throws
   * SOURCE_HEADER, SOURCE_UNREADABLE.
   */
  compare(
    source: S,
    file: SourceFile,
    columns: readonly ContractColumn[],
    reader: FileReader,
  ): Promise<{ readonly names: readonly string[]; readonly extra: readonly ExtraColumn[] }>;
  /**
   * The rows that do not fit; drops `rejects`. `rows`: how many `select` gave; null when it failed, or gave a null in a not-null column.
   */
  refusals(
    source: S,
    file: SourceFile,
    read: SourceRead,
    columns: readonly ContractColumn[],
    reader: FileReader,
    rows: number | null,
  ): Promise<readonly Refusal[]>;
  /** Rows that fit the contract and break a rule, found by another reading; the first rule gives the reason. */
  broken(
    source: S,
    file: SourceFile,
    read: SourceRead,
    columns: readonly ContractColumn[],
    rules: readonly DoorRule[],
    reader: FileReader,
  ): Promise<readonly Refusal[]>;
  /** Like `selectFitting`, without some records (numbered as in {@link Refusal}), all of which fit. */
  without(
    source: S,
    file: SourceFile,
    read: SourceRead,
    columns: readonly ContractColumn[],
    records: ReadonlySet<number>,
    reader: FileReader,
  ): Promise<string>;
}
