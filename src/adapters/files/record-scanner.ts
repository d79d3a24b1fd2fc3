/** Finds where records end in delimited text, by quotes and newlines alone: the second opinion on how many records a file holds. */

export interface RecordFormat {
  /** One ASCII character. */
  readonly delimiter: string;
  /** One ASCII character, or empty where nothing is quoted. */
  readonly quote: string;
}

/**
 * Where a record stands. `number` counts records from 1, blank lines included and a record of several lines once, as DuckDB numbers them.
 * `start` and `end` are byte offsets; the newline is not part of the record.
 */
export interface RecordRange {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

export type RecordEnding = "lf" | "crlf" | "cr";

/** What one pass over a file found. */
export interface RecordScan {
  /** Records and blank lines, the header included. */
  readonly lines: number;
  readonly blankLines: number;
  /** How many of them end in LF, in CRLF and in a lone CR, and the first that does. */
  readonly endings: Readonly<Record<RecordEnding, { readonly count: number; readonly first: number }>>;
  readonly largestRecord: number;
  /** The quote that is still open at the end of the file. */
  readonly openQuote: { readonly offset: number; readonly record: number } | null;
}

export interface RecordScanner {
  /** The next bytes of the file; the buffer may be reused afterwards. */
  push(bytes: Buffer): void;
  end(): RecordScan;
}

const LF = 10;
const CR = 13;
const SPACE = 32;
const NOWHERE = -1;

/** What stands before a byte: may a quote there open a quoted value? */
type Context = "start" | "space" | "closed" | "inside";

/**
 * A scanner for one file. As DuckDB reads it, a quote opens a quoted value at the start of a field, after one space there, and after spaces
 * behind a closing quote; two quotes inside a quoted value are text. `onRecord` is called for every record; a blank
 * line starts where it ends.
 */
export function recordScanner(format: RecordFormat, onRecord?: (range: RecordRange) => void): RecordScanner {
  const quote = format.quote === "" ? null : format.quote.charCodeAt(0);
  const delimiter = format.delimiter.charCodeAt(0);
  const endings = { lf: { count: 0, first: 0 }, crlf: { count: 0, first: 0 }, cr: { count: 0, first: 0 } };
  let base = 0;
  let recordStart = 0;
  let lines = 0;
  let blankLines = 0;
  let largestRecord = 0;
  let openedAt = NOWHERE;
  // What the end of the last buffer leaves open.
  let afterQuote = false;
  let context: Context = "start";
  let afterCr = false;

  const countEnding = (ending: RecordEnding): void => {
    if (endings[ending].count === 0) endings[ending].first = lines;
    endings[ending].count++;
  };

  const finishRecord = (end: number, next: number): void => {
    lines++;
    if (end === recordStart) blankLines++;
    else if (end - recordStart > largestRecord) largestRecord = end - recordStart;
    onRecord?.({ number: lines, start: recordStart, end });
    recordStart = next;
  };

  const newline = (at: number, byte: typeof LF | typeof CR): void => {
    if (byte === LF && afterCr && at === recordStart) {
      endings.cr.count--;
      countEnding("crlf");
      recordStart = at + 1;
    } else {
      finishRecord(at, at + 1);
      countEnding(byte === LF ? "lf" : "cr");
    }
    afterCr = byte === CR;
  };

  /** `context` answers for what stands before `from`. */
  const contextAt = (bytes: Buffer, index: number, from: number): Context => {
    let before = index - 1;
    while (before >= from && bytes[before] === SPACE && delimiter !== SPACE) before--;
    const spaces = index - 1 - before;
    if (before < from && (spaces === 0 || context === "closed")) return context;
    const byte = bytes[before];
    const start = before < from ? context === "start" : byte === delimiter || byte === LF || byte === CR;
    if (!start || spaces > 1) return "inside";
    return spaces === 0 ? "start" : "space";
  };

  /** The index behind the closing quote, or the buffer's length when it is not in this buffer. */
  const skipQuoted = (bytes: Buffer, from: number, byte: number): number => {
    let index = from;
    if (afterQuote) {
      afterQuote = false;
      if (bytes[index] !== byte) {
        openedAt = NOWHERE;
        return index;
      }
      index++;
    }
    for (;;) {
      const closing = bytes.indexOf(byte, index);
      if (closing === NOWHERE) return bytes.length;
      if (closing + 1 === bytes.length) {
        afterQuote = true;
        return bytes.length;
      }
      if (bytes[closing + 1] !== byte) {
        openedAt = NOWHERE;
        return closing + 1;
      }
      index = closing + 2;
    }
  };

  const push = (bytes: Buffer): void => {
    const find = (byte: number | null, from: number): number => {
      const index = byte === null ? NOWHERE : bytes.indexOf(byte, from);
      return index === NOWHERE ? bytes.length : index;
    };
    if (bytes.length === 0) return;
    let from: number = base === 0 ? byteOrderMark(bytes) : 0;
    if (from > 0) recordStart = from;
    if (quote !== null && openedAt !== NOWHERE) {
      from = skipQuoted(bytes, from, quote);
      context = "closed";
    }
    let nextQuote = find(quote, from);
    let nextLf = find(LF, from);
    let nextCr = find(CR, from);
    for (;;) {
      const next = Math.min(nextQuote, nextLf, nextCr);
      if (next === bytes.length) break;
      if (next === nextLf) {
        newline(base + next, LF);
        nextLf = find(LF, next + 1);
      } else if (next === nextCr) {
        newline(base + next, CR);
        nextCr = find(CR, next + 1);
      } else if (quote !== null && contextAt(bytes, next, from) !== "inside") {
        openedAt = base + next;
        from = skipQuoted(bytes, next + 1, quote);
        context = "closed";
        nextQuote = find(quote, from);
        if (nextLf < from) nextLf = find(LF, from);
        if (nextCr < from) nextCr = find(CR, from);
      } else nextQuote = find(quote, next + 1);
    }
    if (openedAt === NOWHERE) context = contextAt(bytes, bytes.length, from);
    base += bytes.length;
  };

  const end = (): RecordScan => {
    const openQuote = openedAt !== NOWHERE && !afterQuote ? { offset: openedAt, record: lines + 1 } : null;
    if (recordStart < base) finishRecord(base, base);
    return { lines, blankLines, endings, largestRecord, openQuote };
  };

  return { push, end };
}

/** Length of the UTF-8 byte order mark at the start of a file: 3 or 0. */
function byteOrderMark(bytes: Buffer): 0 | 3 {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}
