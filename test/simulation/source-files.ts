import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quoteText } from "../../src/define/quote.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { BronzeSpec, FileChange, SimColumn, SourceRow } from "./scenario.ts";

export const sqlTypes = {
  varchar: "varchar",
  integer: "integer",
  bigint: "bigint",
  decimal: "decimal(18, 2)",
  timestamp: "timestamp",
  boolean: "boolean",
} as const;

/** Rows as a SELECT with the columns' types. One literal: a VALUES list takes the engine longer to plan. */
export function selectOfRows(columns: readonly SimColumn[], rows: readonly SourceRow[]): string {
  const typed = columns.map(({ name, type }, index) => `cells[${index + 1}]::${sqlTypes[type]} as ${name}`);
  const cells = rows.map((row) => columns.map(({ name }) => row[name] ?? null));
  return `select ${typed.join(", ")} from (select unnest(${quoteText(JSON.stringify(cells))}::json::varchar[][]) as cells)`;
}

/** Where a bronze table's files lie, below the sources' folder. */
export const folderOf = (spec: Pick<BronzeSpec, "name">): string => spec.name.replace(".", "-");

/** Writes a file, or removes it; `at`: when, in seconds since 1970. */
export async function applyChange(folder: string, spec: BronzeSpec, change: FileChange, at: number, writer: Session): Promise<void> {
  const path = join(folder, folderOf(spec), change.file);
  if (change.rows === null) return rm(path, { force: true });
  await mkdir(dirname(path), { recursive: true });
  await writeRows(path, spec, change.rows, writer);
  await utimes(path, at, at);
}

async function writeRows(path: string, spec: BronzeSpec, rows: readonly SourceRow[], writer: Session): Promise<void> {
  if (spec.format !== "parquet") return writeFile(path, fileText(spec, rows));
  return writer.execute({ text: `copy (${selectOfRows(spec.columns, rows)}) to ${quoteText(path)} (format parquet)` });
}

/** What a CSV or JSON file with these rows holds. */
export function fileText(spec: BronzeSpec, rows: readonly SourceRow[]): string {
  return spec.format === "csv" ? csvText(spec.columns, rows) : rows.map((row) => `${jsonText(spec.columns, row)}\n`).join("");
}

function csvText(columns: readonly SimColumn[], rows: readonly SourceRow[]): string {
  const cell = (value: string | null): string => (value === null ? "" : /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const lines = rows.map((row) => columns.map(({ name }) => cell(row[name] ?? null)).join(","));
  return [columns.map(({ name }) => name).join(","), ...lines].map((line) => `${line}\n`).join("");
}

function jsonText(columns: readonly SimColumn[], row: SourceRow): string {
  const entries = columns.map(({ name, type }) => {
    const value = row[name] ?? null;
    return [name, type === "integer" && value !== null && Number.isInteger(Number(value)) ? Number(value) : value] as const;
  });
  return JSON.stringify(Object.fromEntries(entries));
}
