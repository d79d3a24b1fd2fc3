import { csv } from "../../define/source.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { RecordValues } from "../../ports/quarantine.ts";
import { type FileReader, proven, type SourceFile } from "../../ports/source.ts";
import { readCsvHeader, splitRecord } from "./csv-header.ts";
import { fileSource } from "./index.ts";
import { sameName } from "./match-header.ts";

/** A row of a CSV that was exported from quarantine and edited. */
export interface EditedRow {
  readonly id: string;
  /** Record in the file, from 1; the header is record 1. */
  readonly record: number;
  readonly values: RecordValues;
}

/** Columns of an export beside the table's own; only the first has to stay. */
const exportColumns = ["_id", "_reason", "_rule", "_message", "_file", "_row", "_raw"] as const;

/**
 * Reads a CSV of edited rows. `emptyText`: a quoted empty value is an empty text, one without quotes is absent. Throws EDITED_ROWS_INVALID for
 * a wrong header or a record that does not fit it, and what reading a CSV file throws.
 */
export async function readEditedRows(
  path: string,
  table: { readonly name: string; readonly columns: readonly ContractColumn[] },
  emptyText: boolean,
  reader: FileReader,
): Promise<readonly EditedRow[]> {
  const source = { ...csv(path), maxRowBytes: Number.MAX_SAFE_INTEGER, ...(emptyText ? { emptyText: true as const } : {}) };
  const names = splitRecord((await readCsvHeader(path, source)).text, source).map((name) => name.trim());
  requireHeader(path, names, table);
  const found = names.map(
    (name): ContractColumn => ({ name, type: { kind: "varchar" }, nullable: true, description: null, sensitive: false }),
  );
  const file: SourceFile = { path, name: path, bytes: 0, stamp: "", stampedAt: 0, sha256: "" };
  const files = fileSource(Date.now);
  const read = await proven(await files.open(source, file, found, reader));
  const rows = await reader.query({ text: read.select });
  const [wrong] = await files.refusals(source, file, read, found, reader, rows.length);
  if (wrong !== undefined) {
    throw new AssayError("EDITED_ROWS_INVALID", `${path}: record ${wrong.row_number}: ${wrong.message}`, {
      hint: "a value that holds a comma, a quote or a line break stands in quotes, quotes in it are doubled; nothing was replayed",
    });
  }
  const value = (row: Readonly<Record<string, unknown>>, name: string): string | null => {
    const text = row[names.find((item) => sameName(item) === sameName(name)) ?? ""];
    return text === null || text === undefined ? null : String(text);
  };
  return rows.map((row, index) => {
    const id = value(row, "_id")?.trim();
    if (id !== undefined && id !== "") {
      const values = Object.fromEntries(table.columns.map((column) => [column.name, value(row, column.name)]));
      return { id, record: index + 2, values };
    }
    throw new AssayError("EDITED_ROWS_INVALID", `${path}: record ${index + 2} has no _id`, {
      hint: "a row is known by the _id it was exported with; new rows belong into a source file",
    });
  });
}

function requireHeader(
  path: string,
  names: readonly string[],
  table: { readonly name: string; readonly columns: readonly ContractColumn[] },
): void {
  const known = table.columns.map((column) => column.name);
  const has = (list: readonly string[], name: string): boolean => list.some((item) => sameName(item) === sameName(name));
  const missing = ["_id", ...known].filter((name) => !has(names, name));
  const extra = names.filter((name) => !has([...exportColumns, ...known], name));
  const twice = names.filter((name, index) => names.findIndex((item) => sameName(item) === sameName(name)) !== index);
  if (missing.length + extra.length + twice.length === 0) return;
  const faults = [
    ...(missing.length === 0 ? [] : [`lacks ${missing.join(", ")}`]),
    ...(extra.length === 0
      ? []
      : [`has ${extra.map((name) => (name === "" ? "a column without name" : name)).join(", ")}, no column of ${table.name}`]),
    ...(twice.length === 0 ? [] : [`names ${[...new Set(twice)].join(", ")} more than once`]),
  ];
  const separated = names.length === 1 && /[;\t|]/.test(names[0] ?? "");
  throw new AssayError("EDITED_ROWS_INVALID", `${path}: the header ${faults.join(" and ")}`, {
    hint: separated
      ? "save the file with commas between the values"
      : `the header is _id and the columns of ${table.name}: ${known.join(", ")}; the other columns of an export may stay`,
  });
}
