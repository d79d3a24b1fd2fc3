import { quoteIdentifier } from "../../define/quote.ts";
import type { CsvSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { DoorRule, FileReader, Refusal, SourceFile, SourceRead } from "../../ports/source.ts";
import { readCsvHeader } from "./csv-header.ts";
import { type CsvFault, csvRefusals } from "./csv-refusal.ts";
import { readRanges } from "./file-bytes.ts";
import { type MatchedHeader, matchHeader } from "./match-header.ts";
import type { RecordRange } from "./record-scanner.ts";
import { type CsvRead, countAccepted, dropRejects, type RejectsTables, readCsv, selectRejects } from "./sql.ts";
import { defaultRowBytes, requireSound, scanText } from "./text-scan.ts";
import {
  brokenRows,
  type FaultyRow,
  faultyRows,
  refusalAt,
  selectFitting,
  selectStrict,
  textColumn,
  type UntypedRows,
} from "./typed-rows.ts";

/** Checks the file's header; `inTurn` does the looking through when its turn comes. Throws SOURCE_HEADER, SOURCE_UNREADABLE. */
export async function openCsv(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  rejects: RejectsTables,
  inTurn: <T>(scan: () => Promise<T>) => Promise<T>,
): Promise<SourceRead> {
  const { matched, blankLines } = await openHeader(source, file, columns);
  const reading = (largestRecord: number, records: number | null): SourceRead => {
    const rows = csvRows(readCsv(csvRead(source, file, matched.columns, blankLines, largestRecord, rejects)), columns, false);
    return { select: selectStrict(rows), selectFitting: selectFitting(rows), rejects, records, largestRecord, notes: matched.notes };
  };
  const prove = async (): Promise<SourceRead> => {
    const { records, largestRecord } = await inTurn(() => countRecords(source, file, columns, blankLines));
    return reading(largestRecord, records);
  };
  return { ...reading(0, null), prove };
}

/** Rows are numbered only where it is asked for: the engine then reads with one thread. */
function csvRows(from: string, columns: readonly ContractColumn[], numbered: boolean): UntypedRows {
  const number = numbered ? "row_number() over ()" : "null";
  return {
    from: `select *, ${number} as _row_number, null::varchar as _raw, false as _broken from ${from}`,
    columns: columns.map((column) => textColumn(column, quoteIdentifier(column.name))),
  };
}

/** Rows whose shape is wrong: they stand in the read's rejects tables. When reading failed, the others that do not fit, too. */
export async function refusedByCsv(
  source: CsvSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  reader: FileReader,
  rows: number | null,
): Promise<readonly Refusal[]> {
  if (read.rejects === null) return [];
  const shapelessOf = (faults: readonly CsvFault[]): Promise<readonly Refusal[]> =>
    withRaw(source, file, csvRefusals(faults, { ...source, columns: columns.length }));
  if (rows !== null) return shapelessOf(await takeFaults(reader, read.rejects));
  await drop(reader, read.rejects);
  const { matched, blankLines } = await openHeader(source, file, columns);
  const from = readCsv(csvRead(source, file, matched.columns, blankLines, read.largestRecord, read.rejects));
  const faulty = await faultyRows(csvRows(from, columns, true), reader);
  const shapeless = await shapelessOf(await takeFaults(reader, read.rejects));
  const rejected = new Set(shapeless.map((refusal) => refusal.row_number));
  const found = await located(source, file, { faulty, rejected, header: blankLines + 1, blankIsRow: columns.length === 1 });
  return [...shapeless, ...found].sort((a, b) => (a.row_number ?? 0) - (b.row_number ?? 0));
}

/** Rows that fit and break a rule: the file is read again to find where they stand. */
export async function brokenInCsv(
  source: CsvSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  rules: readonly DoorRule[],
  reader: FileReader,
  rejects: RejectsTables,
): Promise<readonly Refusal[]> {
  const { from, header, rejected } = await readAgain(source, file, read, columns, reader, rejects);
  const faulty = await brokenRows(csvRows(from, columns, true), rules, reader);
  await drop(reader, rejects);
  return located(source, file, { faulty, rejected, header, blankIsRow: columns.length === 1 });
}

/** SELECT of the rows that fit, without some records; it fills the read's own rejects tables. */
export async function withoutInCsv(
  source: CsvSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  records: ReadonlySet<number>,
  reader: FileReader,
  rejects: RejectsTables,
): Promise<string> {
  const { matched, header, rejected } = await readAgain(source, file, read, columns, reader, rejects);
  const places: number[] = [];
  await scanAccepted(source, file, { rejected, header, blankIsRow: columns.length === 1 }, (range, accepted) => {
    if (records.has(range.number)) places.push(accepted);
  });
  const again = csvRead(source, file, matched.columns, header - 1, read.largestRecord, read.rejects ?? rejects);
  return selectFitting(csvRows(readCsv(again), columns, true), places);
}

interface ReadAgain {
  /** Fills the rejects tables once more. */
  readonly from: string;
  readonly matched: MatchedHeader;
  readonly header: number;
  readonly rejected: ReadonlySet<number>;
}

/** Which records DuckDB rejects. */
async function readAgain(
  source: CsvSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  reader: FileReader,
  rejects: RejectsTables,
): Promise<ReadAgain> {
  const { matched, blankLines } = await openHeader(source, file, columns);
  const from = readCsv(csvRead(source, file, matched.columns, blankLines, read.largestRecord, rejects));
  await reader.query({ text: countAccepted(columns, from) });
  const rejected = new Set((await takeFaults(reader, rejects)).map((fault) => fault.line));
  return { from, matched, header: blankLines + 1, rejected };
}

/** The faults in the rejects tables, which are dropped. */
async function takeFaults(reader: FileReader, rejects: RejectsTables): Promise<readonly CsvFault[]> {
  const faults = (await reader.query({ text: selectRejects(rejects.table) })).map(csvFault);
  await drop(reader, rejects);
  return faults;
}

async function drop(reader: FileReader, rejects: RejectsTables): Promise<void> {
  for (const text of dropRejects(rejects)) await reader.execute({ text });
}

/** DuckDB keeps no text of a row with several broken quotes: it is taken from the file. */
async function withRaw(source: CsvSource, file: SourceFile, refusals: readonly Refusal[]): Promise<readonly Refusal[]> {
  const lost = new Set(refusals.filter((refusal) => refusal.raw === "").map((refusal) => refusal.row_number));
  if (lost.size === 0) return refusals;
  const ranges: RecordRange[] = [];
  await scanText(file.path, source, (range) => {
    if (lost.has(range.number)) ranges.push(range);
  });
  const raws = await readRanges(file.path, ranges);
  const byRecord = new Map(ranges.map((range, index) => [range.number, raws[index] ?? ""]));
  return refusals.map((refusal) => ({ ...refusal, raw: byRecord.get(refusal.row_number ?? 0) ?? refusal.raw }));
}

function csvFault(row: Readonly<Record<string, unknown>>): CsvFault {
  return {
    line: Number(row.line),
    fault: String(row.fault),
    message: String(row.message),
    raw: row.raw === null ? null : String(row.raw),
  };
}

interface AcceptedRows {
  readonly rejected: ReadonlySet<number | null>;
  /** Record number of the header. */
  readonly header: number;
  /** In a file of one column a blank line is a row without a value. */
  readonly blankIsRow: boolean;
}

interface FoundRows extends AcceptedRows {
  /** Ascending; numbered from 1 among the rows that were not rejected. */
  readonly faulty: readonly FaultyRow[];
}

/** Calls `visit` for each record that DuckDB accepts, with its number among them, from 1. */
async function scanAccepted(
  source: CsvSource,
  file: SourceFile,
  { rejected, header, blankIsRow }: AcceptedRows,
  visit: (range: RecordRange, accepted: number) => void,
): Promise<void> {
  let accepted = 0;
  await scanText(file.path, source, (range) => {
    if (range.number <= header || rejected.has(range.number) || (range.start === range.end && !blankIsRow)) return;
    accepted++;
    visit(range, accepted);
  });
}

/** The faulty rows with their record number and text in the file. */
async function located(source: CsvSource, file: SourceFile, rows: FoundRows): Promise<readonly Refusal[]> {
  if (rows.faulty.length === 0) return [];
  const ranges: RecordRange[] = [];
  await scanAccepted(source, file, rows, (range, accepted) => {
    if (accepted === rows.faulty[ranges.length]?.number) ranges.push(range);
  });
  const raws = await readRanges(file.path, ranges);
  return ranges.flatMap((range, index) => {
    const row = rows.faulty[index];
    return row === undefined ? [] : [refusalAt(row, range.number, raws[index] ?? null)];
  });
}

async function openHeader(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
): Promise<{ readonly matched: MatchedHeader; readonly blankLines: number }> {
  requireFormat(source);
  const { text, blankLines } = await readCsvHeader(file.path, source);
  return { matched: matchHeader(file.path, text, columns, source), blankLines };
}

async function countRecords(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  blankBefore: number,
): Promise<{ readonly records: number; readonly largestRecord: number }> {
  const scan = await scanText(file.path, source);
  await requireSound(file.path, scan, source.maxRowBytes);
  const blank = columns.length === 1 ? blankBefore : scan.blankLines;
  return { records: scan.lines - 1 - blank, largestRecord: scan.largestRecord };
}

/** DuckDB's buffers grow with the largest row it is told to expect, so it is told no more than the file needs. */
function csvRead(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  skip: number,
  largestRecord: number,
  rejects: RejectsTables,
): CsvRead {
  const maxRowBytes = Math.min(source.maxRowBytes, Math.max(defaultRowBytes, largestRecord + 2));
  return {
    path: file.path,
    columns,
    delimiter: source.delimiter,
    quote: source.quote,
    skip,
    maxRowBytes,
    emptyText: source.emptyText ?? false,
    rejects,
  };
}

function requireFormat(source: CsvSource): void {
  const ascii = /^[\t\x20-\x7e]$/;
  const hint = "csv(…) takes one ASCII character for delimiter, and one other or none for quote";
  const quoteFits = source.quote === "" || (ascii.test(source.quote) && source.quote !== source.delimiter && source.quote !== " ");
  if (ascii.test(source.delimiter) && quoteFits) return;
  const given = `delimiter ${JSON.stringify(source.delimiter)}, quote ${JSON.stringify(source.quote)}`;
  throw new AssayError("PROJECT_INVALID", `${source.path}: ${given} cannot be used`, { hint });
}
