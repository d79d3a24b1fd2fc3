import { nearestName } from "../../define/nearest-name.ts";
import type { JsonSource } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError, messageOf } from "../../errors.ts";
import type { DoorRule, FileReader, Refusal, SourceFile, SourceRead } from "../../ports/source.ts";
import { textBytes } from "./file-bytes.ts";
import { jsonDocuments, jsonRows, maxJsonBytes } from "./json-rows.ts";
import { requireText } from "./require-text.ts";
import { dropRejects, type RejectsTables, selectRejects } from "./sql.ts";
import { defaultRowBytes, recordFormat, requireSound, scanText } from "./text-scan.ts";
import { brokenRows, faultyRows, refusalAt, selectFitting, selectStrict } from "./typed-rows.ts";

/** Checks that the file holds JSON objects with the contract's fields. Throws SOURCE_UNREADABLE, SOURCE_HEADER. */
export async function openJson(
  source: JsonSource,
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
): Promise<SourceRead> {
  await requireLayout(source, file.path);
  const { records, largestRecord } = await countLines(source, file);
  const maxLineBytes = lineLimit(source, largestRecord);
  const found = await summarize(source, file.path, maxLineBytes, reader);
  if (found.rows > 0 && found.objects === 0) {
    const hint = 'a row is one object, such as {"id": 1}';
    throw new AssayError("SOURCE_UNREADABLE", `${file.path}: none of its ${found.rows} rows is a JSON object`, { hint });
  }
  if (found.objects > 0) requireFields(file.path, found.fields, columns);
  const known = new Set(columns.map((column) => column.name));
  const extra = found.fields.filter((field) => !known.has(field)).toSorted();
  const notes = extra.length === 0 ? [] : [`fields that the contract does not have are left out: ${extra.join(", ")}`];
  const rows = jsonRows(source, file.path, columns, maxLineBytes, null);
  return { select: selectStrict(rows), selectFitting: selectFitting(rows), rejects: null, records, largestRecord, notes };
}

/** Lines that are no JSON object and rows with values that do not fit or are absent; none where `rows` says so. */
export async function refusedByJson(
  source: JsonSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  reader: FileReader,
  rows: number | null,
  rejects: RejectsTables,
): Promise<readonly Refusal[]> {
  if (rows !== null && rows === read.records) return [];
  const maxLineBytes = lineLimit(source, read.largestRecord);
  const faulty = await faultyRows(jsonRows(source, file.path, columns, maxLineBytes, rejects), reader);
  const lines = await rejectedLines(source, maxLineBytes, reader, rejects);
  const lineOf = lineNumbers(lines);
  const refused = faulty.map((row) => refusalAt(row, lineOf(row.number)));
  return [...lines, ...refused].sort((a, b) => (a.row_number ?? 0) - (b.row_number ?? 0));
}

/** Rows that fit and break a rule. */
export async function brokenInJson(
  source: JsonSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  rules: readonly DoorRule[],
  reader: FileReader,
  rejects: RejectsTables,
): Promise<readonly Refusal[]> {
  const maxLineBytes = lineLimit(source, read.largestRecord);
  const broken = await brokenRows(jsonRows(source, file.path, columns, maxLineBytes, rejects), rules, reader);
  const lineOf = lineNumbers(await rejectedLines(source, maxLineBytes, reader, rejects));
  return broken.map((row) => refusalAt(row, lineOf(row.number)));
}

/** SELECT of the rows that fit, without some records. */
export async function withoutInJson(
  source: JsonSource,
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  records: ReadonlySet<number>,
  reader: FileReader,
  rejects: RejectsTables,
): Promise<string> {
  const maxLineBytes = lineLimit(source, read.largestRecord);
  const documents = jsonDocuments(source, file.path, maxLineBytes, rejects);
  if (source.layout === "lines") await reader.query({ text: `select count(hash(_raw)) as rows from (${documents})` });
  const rejected = (await rejectedLines(source, maxLineBytes, reader, rejects)).map((line) => line.row_number ?? 0);
  const numbers = [...records].map((record) => record - rejected.filter((line) => line < record).length);
  return selectFitting(jsonRows(source, file.path, columns, maxLineBytes, null), numbers);
}

/** The line of the n-th line that was not rejected; to be asked in ascending order. */
function lineNumbers(rejected: readonly Refusal[]): (row: number) => number {
  let passed = 0;
  return (row) => {
    while (passed < rejected.length && (rejected[passed]?.row_number ?? 0) <= row + passed) passed++;
    return row + passed;
  };
}

async function rejectedLines(
  source: JsonSource,
  maxLineBytes: number,
  reader: FileReader,
  rejects: RejectsTables,
): Promise<readonly Refusal[]> {
  if (source.layout === "array") return [];
  const found = await reader.query({ text: selectRejects(rejects.table) });
  for (const text of dropRejects(rejects)) await reader.execute({ text });
  return found.map((row) => {
    const raw = row.raw === null ? null : String(row.raw).replace(/^[\r\n]+|[\r\n]+$/g, "");
    const reason = row.fault === "INVALID ENCODING" ? "encoding" : row.fault === "LINE SIZE OVER MAXIMUM" ? "too_long" : "syntax";
    const messages = {
      encoding: "the line is not valid UTF-8",
      too_long: `the line is longer than ${maxLineBytes} bytes`,
      syntax: "the line is not a JSON object",
    };
    return { row_number: Number(row.line), column: null, reason, message: messages[reason], raw };
  });
}

async function requireLayout(source: JsonSource, path: string): Promise<void> {
  let first = "";
  let started = false;
  for await (const chunk of textBytes(path)) {
    if (!started) requireText(path, chunk);
    started = true;
    first =
      chunk
        .toString("utf8")
        .replace(/^\uFEFF/, "")
        .trimStart()[0] ?? "";
    if (first !== "") break;
  }
  if (source.layout === "array" && first === "") {
    throw new AssayError("SOURCE_UNREADABLE", `${path} is empty: no JSON array`, { hint: "an array without rows is written []" });
  }
  if (source.layout === "array" && first === "{") {
    const hint = 'take layout: "array" out of the source\'s json(…)';
    throw new AssayError("SOURCE_UNREADABLE", `${path} does not hold one array but objects, one a line`, { hint });
  }
  if (source.layout === "lines" && first === "[") {
    throw new AssayError("SOURCE_UNREADABLE", `${path} holds one array, not one object a line`, {
      hint: 'set layout: "array" in the source\'s json(…)',
    });
  }
}

async function countLines(
  source: JsonSource,
  file: SourceFile,
): Promise<{ readonly records: number | null; readonly largestRecord: number }> {
  const format = recordFormat(source);
  if (format === null) return { records: null, largestRecord: 0 };
  const scan = await scanText(file.path, format);
  await requireSound(file.path, scan, maxJsonBytes);
  return { records: scan.lines - scan.blankLines, largestRecord: scan.largestRecord };
}

const lineLimit = (source: JsonSource, largestRecord: number): number =>
  source.layout === "array" ? maxJsonBytes : Math.min(maxJsonBytes, Math.max(defaultRowBytes, largestRecord + 2));

interface JsonSummary {
  readonly rows: number;
  readonly objects: number;
  readonly fields: readonly string[];
}

async function summarize(source: JsonSource, path: string, maxLineBytes: number, reader: FileReader): Promise<JsonSummary> {
  const text = `select count(*)::double as rows, count(_document)::double as objects,
      to_json(list_distinct(flatten(list(distinct json_keys(_document)))))::varchar as fields
    from (${jsonDocuments(source, path, maxLineBytes, null)})`;
  const [row] = await reader.query({ text }).catch((error: unknown) => {
    throw notJson(path, error);
  });
  const fields: unknown = JSON.parse(String(row?.fields ?? "null"));
  return { rows: Number(row?.rows ?? 0), objects: Number(row?.objects ?? 0), fields: Array.isArray(fields) ? fields.map(String) : [] };
}

function notJson(path: string, error: unknown): AssayError {
  const found = /Malformed JSON in file "[^"]*", (.*)/.exec(messageOf(error))?.[1] ?? messageOf(error).split("\n")[0];
  return new AssayError("SOURCE_UNREADABLE", `${path} is not valid JSON: ${found?.replace("record/value", "row").trim()}`, {
    hint: "check that the file is complete",
    cause: error,
  });
}

function requireFields(path: string, fields: readonly string[], columns: readonly ContractColumn[]): void {
  const missing = columns.filter((column) => !column.nullable && !fields.includes(column.name)).map((column) => column.name);
  if (missing.length === 0) return;
  const named = missing.map((name) => {
    const nearest = nearestName(name, fields);
    return nearest === null ? name : `${name} (did you mean ${nearest}?)`;
  });
  throw new AssayError("SOURCE_HEADER", `${path}: no row has a field ${named.join(", ")}, which the contract says is not null`, {
    hint: "name the contract's columns as the file names its fields, or make them nullable",
  });
}
