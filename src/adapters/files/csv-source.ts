import type { CsvSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { FileReader, Refusal, SourceFile, SourceRead } from "../../ports/source.ts";
import { readCsvHeader } from "./csv-header.ts";
import { type CsvFault, csvRefusals } from "./csv-refusal.ts";
import { readRanges } from "./file-bytes.ts";
import { type MatchedHeader, matchHeader } from "./match-header.ts";
import type { RecordRange } from "./record-scanner.ts";
import {
  type CsvRead,
  dropRejects,
  type RejectsTables,
  readCsv,
  selectAbsent,
  selectColumns,
  selectRejectedLines,
  selectRejects,
} from "./sql.ts";
import { defaultRowBytes, requireSound, scanText } from "./text-scan.ts";
import { absentValue } from "./type-mismatch.ts";

/** Checks the file's header and shape. Throws SOURCE_HEADER, SOURCE_UNREADABLE. */
export async function openCsv(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  rejects: RejectsTables,
): Promise<SourceRead> {
  const { matched, blankLines } = await openHeader(source, file, columns);
  const { records, largestRecord } = await countRecords(source, file, columns, blankLines);
  const from = readCsv(csvRead(source, file, matched.columns, blankLines, largestRecord, rejects));
  return { select: selectColumns(columns, from), rejects, records, notes: matched.notes };
}

/** Rows the engine put into the read's rejects table, which is dropped. */
export async function refusedByCsv(
  source: CsvSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  reader: FileReader,
): Promise<readonly Refusal[]> {
  if (read.rejects === null) return [];
  const faults = (await reader.query({ text: selectRejects(read.rejects.table) })).map(csvFault);
  for (const text of dropRejects(read.rejects)) await reader.execute({ text });
  if (faults.length === 0) return [];
  const { matched } = await openHeader(source, file, columns);
  return withRaw(source, file, csvRefusals(faults, { ...source, columns: matched.columns }));
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
    place: row.place === null ? null : Number(row.place),
    fault: String(row.fault),
    message: String(row.message),
    raw: row.raw === null ? null : String(row.raw),
  };
}

/** Rows that fit but for a null in a not-null column: the file is read again to find where they stand. */
export async function absentInCsv(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
  rejects: RejectsTables,
): Promise<readonly Refusal[]> {
  const required = columns.filter((column) => !column.nullable);
  if (required.length === 0) return [];
  const { matched, blankLines } = await openHeader(source, file, columns);
  const { largestRecord } = await countRecords(source, file, columns, blankLines);
  const from = readCsv(csvRead(source, file, matched.columns, blankLines, largestRecord, rejects));
  const found = await reader.query({ text: selectAbsent(required, from) });
  const rejected = new Set((await reader.query({ text: selectRejectedLines(rejects.table) })).map((row) => Number(row.line)));
  for (const text of dropRejects(rejects)) await reader.execute({ text });
  const absent = new Map(found.map((row) => [Number(row.row_number), String(row.absent)]));
  const ranges = await rangesOf(source, file, { wanted: absent, rejected, header: blankLines + 1, blankIsRow: columns.length === 1 });
  const raws = await readRanges(file.path, ranges);
  return ranges.map((range, index) => {
    const missing = required.filter((_, place) => range.absent[place] === "1");
    const column = missing[0]?.name ?? null;
    return { row_number: range.number, column, reason: "not_null", message: absentValue(missing), raw: raws[index] ?? null };
  });
}

interface WantedRows {
  /** Row among the accepted ones, from 1 → which columns are absent. */
  readonly wanted: ReadonlyMap<number, string>;
  readonly rejected: ReadonlySet<number>;
  /** Record number of the header. */
  readonly header: number;
  /** In a file of one column a blank line is a row without a value. */
  readonly blankIsRow: boolean;
}

/** Where the wanted rows stand in the file. */
async function rangesOf(
  source: CsvSource,
  file: SourceFile,
  rows: WantedRows,
): Promise<readonly (RecordRange & { readonly absent: string })[]> {
  const ranges: (RecordRange & { readonly absent: string })[] = [];
  let accepted = 0;
  await scanText(file.path, source, (range) => {
    if (range.number <= rows.header || rows.rejected.has(range.number) || (range.start === range.end && !rows.blankIsRow)) return;
    accepted++;
    const absent = rows.wanted.get(accepted);
    if (absent !== undefined) ranges.push({ ...range, absent });
  });
  return ranges;
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
  return { path: file.path, columns, delimiter: source.delimiter, quote: source.quote, skip, maxRowBytes, rejects };
}

function requireFormat(source: CsvSource): void {
  const ascii = /^[\t\x20-\x7e]$/;
  const hint = "csv(…) takes one ASCII character for delimiter, and one other or none for quote";
  const quoteFits = source.quote === "" || (ascii.test(source.quote) && source.quote !== source.delimiter && source.quote !== " ");
  if (ascii.test(source.delimiter) && quoteFits) return;
  const given = `delimiter ${JSON.stringify(source.delimiter)}, quote ${JSON.stringify(source.quote)}`;
  throw new AssayError("PROJECT_INVALID", `${source.path}: ${given} cannot be used`, { hint });
}
