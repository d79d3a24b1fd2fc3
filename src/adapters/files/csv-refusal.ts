import type { Refusal } from "../../ports/source.ts";
import { splitRecord } from "./csv-header.ts";

/** One fault of one row, as DuckDB's rejects table has it. */
export interface CsvFault {
  readonly line: number;
  readonly fault: string;
  readonly message: string;
  /** Null on all but a row's first fault. */
  readonly raw: string | null;
}

interface CsvShape {
  /** Columns in the header. */
  readonly columns: number;
  readonly delimiter: string;
  readonly quote: string;
  readonly maxRowBytes: number;
}

const reasons: Readonly<Record<string, string>> = {
  "MISSING COLUMNS": "too_few_columns",
  "TOO MANY COLUMNS": "too_many_columns",
  "UNQUOTED VALUE": "quote",
  "LINE SIZE OVER MAXIMUM": "too_long",
  "INVALID ENCODING": "encoding",
};

/** One refusal a row, for the first of its faults. */
export function csvRefusals(faults: readonly CsvFault[], shape: CsvShape): readonly Refusal[] {
  return [...Map.groupBy(faults, (fault) => fault.line).entries()].flatMap(([line, [first]]) => {
    if (first === undefined) return [];
    const raw = first.raw?.replace(/^[\r\n]+|[\r\n]+$/g, "") ?? null;
    const reason = reasons[first.fault] ?? "syntax";
    return [{ row_number: line, column: null, reason, message: shapeMessage(first, raw ?? "", shape), raw }];
  });
}

function shapeMessage(fault: CsvFault, raw: string, shape: CsvShape): string {
  const expected = shape.columns;
  switch (fault.fault) {
    case "MISSING COLUMNS":
    case "TOO MANY COLUMNS": {
      const found = splitRecord(raw, shape).length;
      return `${found} value${found === 1 ? "" : "s"} where the header has ${expected} column${expected === 1 ? "" : "s"}`;
    }
    case "UNQUOTED VALUE":
      return `a quoted value goes on after its closing quote; a quote inside a value is written twice`;
    case "LINE SIZE OVER MAXIMUM": {
      const size = /Actual Size: ?(\d+)/.exec(fault.message)?.[1] ?? String(Buffer.byteLength(raw));
      return `the row has ${size} bytes; the largest allowed is ${shape.maxRowBytes}`;
    }
    case "INVALID ENCODING":
      return "the row is not valid UTF-8";
    default:
      return `the row cannot be read (${fault.fault.toLowerCase()})`;
  }
}
