import { isUtf8 } from "node:buffer";
import type { CsvSource } from "../../define/source.ts";
import { AssayError } from "../../errors.ts";
import { textBytes } from "./file-bytes.ts";
import { type RecordRange, recordScanner } from "./record-scanner.ts";
import { requireText } from "./require-text.ts";
import { lineOf } from "./text-scan.ts";

export interface CsvHeader {
  /** The header as it stands in the file. */
  readonly text: string;
  /** Blank lines before it. */
  readonly blankLines: number;
}

/** A header is shorter, as a rule: no more than its first bytes are searched for where it ends. */
const pieceBytes = 1 << 14;

/** Reads a file's first record that is not blank. Throws SOURCE_UNREADABLE. */
export async function readCsvHeader(path: string, source: CsvSource): Promise<CsvHeader> {
  const found: RecordRange[] = [];
  const scanner = recordScanner(source, (range) => {
    if (range.end > range.start && found.length === 0) found.push(range);
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of textBytes(path)) {
    if (length === 0) requireText(path, chunk);
    for (let from = 0; from < chunk.length && found.length === 0; from += pieceBytes) scanner.push(chunk.subarray(from, from + pieceBytes));
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (found.length > 0 || length > source.maxRowBytes) break;
  }
  const bytes = Buffer.concat(chunks);
  const range = found[0] ?? (await lastRecord(path, source, length, scanner.end, found));
  if (range.end - range.start > source.maxRowBytes) throw tooLong(path, source);
  const text = bytes.subarray(range.start, range.end);
  if (!isUtf8(text)) {
    throw new AssayError("SOURCE_UNREADABLE", `${path}: the header line is not valid UTF-8`, { hint: "save or convert the file as UTF-8" });
  }
  return { text: text.toString("utf8"), blankLines: range.number - 1 };
}

/** The header of a file that ends with it. */
async function lastRecord(
  path: string,
  source: CsvSource,
  length: number,
  end: ReturnType<typeof recordScanner>["end"],
  found: readonly RecordRange[],
): Promise<RecordRange> {
  if (length > source.maxRowBytes) throw tooLong(path, source);
  const { openQuote } = end();
  if (openQuote !== null) {
    const message = `${path}: the quote opened in the header (line ${await lineOf(path, openQuote.offset)}) is never closed`;
    throw new AssayError("SOURCE_UNREADABLE", message, { hint: "close it; a quote that is part of a name is written twice" });
  }
  const range = found[0];
  if (range !== undefined) return range;
  const hint = "the file needs a first line with the names of its columns";
  throw new AssayError("SOURCE_UNREADABLE", `${path} is empty: no header line`, { hint });
}

function tooLong(path: string, source: CsvSource): AssayError {
  const message = `${path}: the header line is longer than ${source.maxRowBytes} bytes`;
  return new AssayError("SOURCE_UNREADABLE", message, { hint: "check that the file is CSV text with line breaks, or raise maxRowBytes" });
}

/** The values of one record, unquoted. */
export function splitRecord(text: string, format: { readonly delimiter: string; readonly quote: string }): readonly string[] {
  return splitValues(text, format).map((value) => value ?? "");
}

/** The values of one record, unquoted; null for an empty one without quotes. */
export function splitValues(text: string, format: { readonly delimiter: string; readonly quote: string }): readonly (string | null)[] {
  const { delimiter, quote } = format;
  const values: (string | null)[] = [];
  const whole = (): string | null => (value === "" && !opened ? null : value);
  let value = "";
  let quoted = false;
  let opened = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    if (quoted) {
      if (character !== quote) value += character;
      else if (text[index + 1] === quote) value += text[index++];
      else quoted = false;
    } else if (character === delimiter) {
      values.push(whole());
      value = "";
      opened = false;
    } else if (character === quote && !opened && value.trim() === "") {
      quoted = true;
      opened = true;
      value = "";
    } else value += character;
  }
  return [...values, whole()];
}
