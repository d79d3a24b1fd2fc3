import type { ContractColumn } from "../../define/types.ts";
import type { Refusal } from "../../ports/source.ts";
import { splitRecord } from "./csv-header.ts";
import { typeMismatch } from "./type-mismatch.ts";

/** One fault of one row, as DuckDB's rejects table has it. */
export interface CsvFault {
  readonly line: number;
  /** Column in the file, from 1. */
  readonly place: number | null;
  readonly fault: string;
  readonly message: string;
  /** Null on all but a row's first fault. */
  readonly raw: string | null;
}

interface CsvShape {
  /** The contract's columns in the file's order. */
  readonly columns: readonly ContractColumn[];
  readonly delimiter: string;
  readonly quote: string;
  readonly maxRowBytes: number;
}

const reasons: Readonly<Record<string, string>> = {
  CAST: "type",
  "MISSING COLUMNS": "too_few_columns",
  "TOO MANY COLUMNS": "too_many_columns",
  "UNQUOTED VALUE": "quote",
  "LINE SIZE OVER MAXIMUM": "too_long",
  "INVALID ENCODING": "encoding",
};

/** One refusal a row. A row whose shape is wrong says only that: its values stand in the wrong columns. */
export function csvRefusals(faults: readonly CsvFault[], shape: CsvShape): readonly Refusal[] {
  return [...Map.groupBy(faults, (fault) => fault.line).entries()].map(([line, all]) => {
    const raw = all.find((fault) => fault.raw !== null)?.raw?.replace(/^[\r\n]+|[\r\n]+$/g, "") ?? null;
    const structural = all.find((fault) => fault.fault !== "CAST");
    if (structural !== undefined) {
      const reason = reasons[structural.fault] ?? "syntax";
      return { row_number: line, column: null, reason, message: structuralMessage(structural, raw ?? "", shape), raw };
    }
    const values = splitRecord(raw ?? "", shape);
    const named = all.map((fault) => ({ column: shape.columns[(fault.place ?? 0) - 1], value: values[(fault.place ?? 0) - 1] ?? "" }));
    const message = named
      .map(({ column, value }) => (column === undefined ? "a value does not fit" : typeMismatch(column, value)))
      .join("; ");
    return { row_number: line, column: named[0]?.column?.name ?? null, reason: "type", message, raw };
  });
}

function structuralMessage(fault: CsvFault, raw: string, shape: CsvShape): string {
  const expected = shape.columns.length;
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
