import { DuckDBInstance } from "@duckdb/node-api";
import { expect } from "vitest";
import { fileSource } from "../../../src/adapters/files/index.ts";
import type { FileSource } from "../../../src/define/source.ts";
import type { Columns, ContractColumn } from "../../../src/define/types.ts";
import { AssayError } from "../../../src/errors.ts";
import { type FileReader, proven, type Refusal, type SourceFile, type SourceRead } from "../../../src/ports/source.ts";

export interface TestReader extends FileReader {
  close(): void;
}

/** A reader on a DuckDB in memory. */
export async function fileReader(): Promise<TestReader> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  return {
    query: async ({ text }) => (await connection.runAndReadAll(text)).getRowObjectsJson(),
    execute: async ({ text }) => {
      await connection.run(text);
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

export function contract(columns: Columns): readonly ContractColumn[] {
  return Object.entries(columns).map(([name, column]) => ({ name, ...column }));
}

export interface Ingested {
  readonly file: SourceFile;
  readonly read: SourceRead;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly types: readonly string[];
  readonly refusals: readonly Refusal[];
  /** The refusals with their values. */
  readonly records: readonly Refusal[];
  /** Did the first, fast reading suffice? */
  readonly strict: boolean;
}

const clock = (): number => Date.UTC(2026, 10, 21);

/** Lists, opens and reads one file as an ingest does. */
export async function ingest(reader: FileReader, source: FileSource, directory: string, columns: Columns): Promise<Ingested> {
  const files = fileSource(clock);
  const wanted = contract(columns);
  const [file] = await files.list(source, directory, new Map(), []);
  if (file === undefined) throw new Error("no file");
  const read = await proven(await files.open(source, file, wanted, reader));
  const required = wanted.filter((column) => !column.nullable).map((column) => column.name);
  const attempt = await reader.query({ text: read.select }).catch(() => null);
  const fits = attempt?.every((row) => required.every((name) => row[name] !== null)) ?? false;
  const records = await files.refusals(source, file, read, wanted, reader, fits && attempt !== null ? attempt.length : null);
  const refusals = records.map(({ record: _record, ...refusal }) => refusal);
  const rows = await reader.query({ text: read.selectFitting });
  if (fits) expect(rows).toEqual(attempt);
  const described = await reader.query({ text: `describe ${read.select}` });
  if (read.rejects !== null) {
    for (const table of [read.rejects.table, read.rejects.scan]) await reader.execute({ text: `drop table if exists "${table}"` });
  }
  return { file, read, rows, types: described.map((row) => String(row.column_type)), refusals, records, strict: fits };
}

/** The error a promise is rejected with, as people see it. */
export async function failure(work: Promise<unknown>): Promise<{ code: string; message: string; hint: string | null }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AssayError) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error("nothing was thrown");
}
