import type { Sql } from "../../define/sql.ts";
import type { Location } from "../../terms.ts";
import { csvRecords } from "./csv-rows.ts";

/** A value of a row, as text; null: absent. */
type FixtureCell = string | null;

export interface FixtureRow {
  readonly cells: ReadonlyMap<string, FixtureCell>;
  readonly location: Location;
}

/** Rows of a test, whichever way they were written. */
export type Fixture = { readonly kind: "rows"; readonly rows: readonly FixtureRow[] } | { readonly kind: "sql"; readonly text: string };

/** Raised within the compilation of a test. */
export interface FixtureFault {
  readonly fault: string;
  readonly location: Location;
}

interface WrittenRows {
  readonly data: unknown;
  readonly location: Location;
  readonly lines: readonly number[] | null;
}

/** Rows as a test gives them: objects, CSV text, or SQL (`sql` template, or `{ sql: "…" }` in YAML). */
export function readFixture({ data, location, lines }: WrittenRows): Fixture | FixtureFault {
  if (typeof data === "string") return csvFixture(data, location, lines);
  if (isSql(data)) return { kind: "sql", text: data.text };
  if (isRecord(data) && Object.keys(data).length === 1 && typeof data.sql === "string") return { kind: "sql", text: data.sql };
  if (!Array.isArray(data))
    return { fault: "these are no rows: write a list of rows ([] for none), CSV text with a header, or SQL", location };
  const rows: FixtureRow[] = [];
  for (const [index, row] of data.entries()) {
    const place = { file: location.file, line: lines?.[index] ?? location.line };
    if (!isRecord(row)) return { fault: `row ${index + 1} is not { column: value }`, location: place };
    const cells = new Map<string, FixtureCell>();
    for (const [name, value] of Object.entries(row)) {
      if (value === undefined) continue;
      const cell = cellOf(value);
      if (cell === undefined)
        return { fault: `row ${index + 1}: the value of ${name} is not a text, number, boolean or null`, location: place };
      cells.set(name, cell);
    }
    rows.push({ cells, location: place });
  }
  return { kind: "rows", rows };
}

function csvFixture(text: string, location: Location, lines: readonly number[] | null): Fixture | FixtureFault {
  // Where the text's own lines are known, so are those of its records.
  const at = (line: number): Location => ({ file: location.file, line: lines?.[0] === undefined ? location.line : lines[0] + line - 1 });
  const records = csvRecords(text);
  if ("fault" in records) return { fault: `the CSV text cannot be read: ${records.fault}`, location: at(records.line) };
  const [header, ...rest] = records;
  if (header === undefined) return { fault: "the CSV text is empty: its first line names the columns; write [] for no rows", location };
  const names = header.fields.map((name) => name ?? "");
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    return { fault: `the CSV header names ${twice === "" ? "a column without name" : `${twice} twice`}`, location: at(1) };
  const rows: FixtureRow[] = [];
  for (const record of rest) {
    if (record.fields.length !== names.length) {
      return { fault: `the CSV line has ${record.fields.length} fields, the header ${names.length}`, location: at(record.line) };
    }
    rows.push({ cells: new Map(names.map((name, index) => [name, record.fields[index] ?? null])), location: at(record.line) });
  }
  return { kind: "rows", rows };
}

function cellOf(value: unknown): FixtureCell | undefined {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  // A value of a json column.
  return Array.isArray(value) || (isRecord(value) && Object.getPrototypeOf(value) === Object.prototype) ? JSON.stringify(value) : undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSql = (value: unknown): value is Sql => isRecord(value) && value.kind === "sql" && typeof value.text === "string";
