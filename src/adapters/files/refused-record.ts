import type { CsvSource, FileSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { RecordValues } from "../../ports/quarantine.ts";
import type { Refusal, SourceFile } from "../../ports/source.ts";
import { readCsvHeader, splitValues } from "./csv-header.ts";
import { matchHeader, sameName } from "./match-header.ts";

/** Refusals with their values as text by contract column, where their text can be split into them. */
export async function withRecords(
  source: FileSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  refusals: readonly Refusal[],
): Promise<readonly Refusal[]> {
  if (refusals.length === 0) return refusals;
  const recordOf = source.kind === "csv" ? await csvRecords(source, file, columns) : objectRecords(columns);
  return refusals.map((refusal) => ({ ...refusal, record: splittable.has(refusal.reason) ? recordOf(refusal.raw ?? "") : null }));
}

/** Reasons that doubt where a record's values begin and end, or their characters. */
const unsplittable = ["too_few_columns", "too_many_columns", "quote", "encoding", "too_long", "syntax"];
const splittable = { has: (reason: string): boolean => !unsplittable.includes(reason) };

async function csvRecords(
  source: CsvSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
): Promise<(raw: string) => RecordValues | null> {
  // An empty value of a CSV file is absent, quoted or not; that of rows Assay wrote itself only without quotes.
  const absent = (value: string | null | undefined): string | null => (source.emptyText === true ? value : value || null) ?? null;
  const { text } = await readCsvHeader(file.path, source);
  const matched = matchHeader(file.path, text, columns, source);
  return (raw) => {
    const values = splitValues(raw, source);
    if (values.length !== matched.columns.length) return null;
    return Object.fromEntries(matched.columns.map((column, index) => [column.name, absent(values[index])]));
  };
}

/** JSON's numbers, kept as they are written. */
interface RawNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  rawJSON(text: string): RawNumber;
  parse(text: string, reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
}

/** Node.js has had both since version 21; TypeScript does not know them yet. */
const exactJson = JSON as unknown as ExactJson;

/** Values of a JSON object: rows of JSON files, and of Parquet files, whose rows are kept as JSON. */
function objectRecords(columns: readonly ContractColumn[]): (raw: string) => RecordValues | null {
  return (raw) => {
    const object = parsed(raw);
    if (object === null) return null;
    const byName = new Map(Object.entries(object).map(([name, value]) => [sameName(name), value]));
    return Object.fromEntries(
      columns.map((column) => [
        column.name,
        textOf(Object.hasOwn(object, column.name) ? object[column.name] : byName.get(sameName(column.name)), column),
      ]),
    );
  };
}

function parsed(raw: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = exactJson.parse(raw, (_key, item, { source }) =>
      typeof item === "number" && source !== undefined ? exactJson.rawJSON(source) : item,
    );
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    // Text that is no JSON has no values; its refusal says so.
    return null;
  }
}

function textOf(value: unknown, column: ContractColumn): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" && column.type.kind !== "json") return value;
  return JSON.stringify(value);
}
