import type { FileSource } from "../../define/source.ts";
import { AssayError } from "../../errors.ts";
import { textBytes } from "./file-bytes.ts";
import { type RecordEnding, type RecordFormat, type RecordRange, type RecordScan, recordScanner } from "./record-scanner.ts";

/** DuckDB's limit for a row when nothing else is asked for; its read buffer is a multiple of it. */
export const defaultRowBytes = 2_000_000;

/** Beyond this DuckDB no longer reports a row over the limit but loses it (measured: from 16 MB on, half of its smallest read buffer). */
const largestRefusable = 14_000_000;

/** A character that JSON can hold only in escaped form: lines read with it as delimiter stay whole. */
export const noDelimiter = "\u0001";

/** How records are told apart; null for formats that are not text in records. */
export function recordFormat(source: FileSource): RecordFormat | null {
  if (source.kind === "csv") return { delimiter: source.delimiter, quote: source.quote };
  return source.kind === "json" && source.layout === "lines" ? { delimiter: noDelimiter, quote: "" } : null;
}

export async function scanText(path: string, format: RecordFormat, onRecord?: (range: RecordRange) => void): Promise<RecordScan> {
  const scanner = recordScanner(format, onRecord);
  for await (const chunk of textBytes(path)) scanner.push(chunk);
  return scanner.end();
}

const usedEndings = (scan: RecordScan): readonly RecordEnding[] =>
  (Object.keys(scan.endings) as RecordEnding[]).filter((ending) => scan.endings[ending].count > 0);

/** Refuses what DuckDB would misread without a word. Throws SOURCE_UNREADABLE. */
export async function requireSound(path: string, scan: RecordScan, maxRowBytes: number): Promise<void> {
  if (scan.openQuote !== null) {
    const { record, offset } = scan.openQuote;
    const line = await lineOf(path, offset);
    const message = `${path}: the quote opened in record ${record} (line ${line}) is never closed`;
    throw new AssayError("SOURCE_UNREADABLE", message, { hint: "close it; a quote that is part of a value is written twice" });
  }
  const names = { lf: "LF", crlf: "CRLF", cr: "CR" } as const;
  const [rare, usual] = usedEndings(scan).toSorted((a, b) => scan.endings[a].count - scan.endings[b].count);
  if (rare !== undefined && usual !== undefined) {
    const message = `${path}: record ${scan.endings[rare].first} ends in ${names[rare]}, others end in ${names[usual]}`;
    throw new AssayError("SOURCE_UNREADABLE", message, {
      hint: "write the file with one kind of line ending; put quotes around values that hold one",
    });
  }
  if (scan.largestRecord > maxRowBytes && scan.largestRecord > largestRefusable) {
    const message = `${path}: a row has ${scan.largestRecord} bytes; the largest allowed is ${maxRowBytes}`;
    throw new AssayError("SOURCE_UNREADABLE", message, { hint: "look for a missing closing quote, or raise maxRowBytes" });
  }
}

/** Line of text, from 1, in which a byte stands. */
export async function lineOf(path: string, offset: number): Promise<number> {
  let line = 1;
  let base = 0;
  let lastByte = 0;
  for await (const chunk of textBytes(path)) {
    for (const byte of chunk.subarray(0, offset - base)) {
      if (byte === 13 || (byte === 10 && lastByte !== 13)) line++;
      lastByte = byte;
    }
    base += chunk.length;
    if (base > offset) break;
  }
  return line;
}
