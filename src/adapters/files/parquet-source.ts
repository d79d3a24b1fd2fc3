import { columnTypeName } from "../../define/column-type.ts";
import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import { AssayError, messageOf } from "../../errors.ts";
import type { DoorRule, FileReader, Refusal, SourceFile, SourceRead } from "../../ports/source.ts";
import { requireColumns, sameName } from "./match-header.ts";
import { quotePath } from "./sql.ts";
import { brokenRows, faultyRows, refusalAt, selectFitting, selectStrict, type UntypedRows } from "./typed-rows.ts";
import { assignParquet } from "./types.ts";

/** Compares the file's columns and types with the contract. Throws SOURCE_HEADER, SOURCE_UNREADABLE. */
export async function openParquet(
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
  shapes: ParquetShapes,
): Promise<SourceRead> {
  const rows = await parquetRows(file, columns, reader, shapes);
  const [footer] = await reader.query({
    text: `select sum(num_rows)::double as records from parquet_file_metadata(${quotePath(file.path)})`,
  });
  return {
    select: selectStrict(rows),
    selectFitting: selectFitting(rows),
    rejects: null,
    records: Number(footer?.records ?? 0),
    largestRecord: 0,
    notes: [],
  };
}

/** Rows with values that do not fit the contract's types or are absent; none where `rows` says so. */
export async function refusedByParquet(
  file: SourceFile,
  read: SourceRead,
  columns: readonly ContractColumn[],
  reader: FileReader,
  rows: number | null,
  shapes: ParquetShapes,
): Promise<readonly Refusal[]> {
  if (rows !== null && rows === read.records) return [];
  return (await faultyRows(await parquetRows(file, columns, reader, shapes), reader)).map((row) => refusalAt(row, row.number));
}

/** Rows that fit and break a rule. */
export async function brokenInParquet(
  file: SourceFile,
  columns: readonly ContractColumn[],
  rules: readonly DoorRule[],
  reader: FileReader,
  shapes: ParquetShapes,
): Promise<readonly Refusal[]> {
  return (await brokenRows(await parquetRows(file, columns, reader, shapes), rules, reader)).map((row) => refusalAt(row, row.number));
}

/** SELECT of the rows that fit, without some records. */
export async function withoutInParquet(
  file: SourceFile,
  columns: readonly ContractColumn[],
  records: ReadonlySet<number>,
  reader: FileReader,
  shapes: ParquetShapes,
): Promise<string> {
  return selectFitting(await parquetRows(file, columns, reader, shapes), [...records]);
}

/** Types that DuckDB writes to JSON as doubles, losing digits. */
const doubleInJson = /^(DECIMAL|U?HUGEINT)/;

interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

/** The columns of files that were looked at, as the files were listed. */
export type ParquetShapes = WeakMap<SourceFile, readonly ParquetColumn[]>;

async function parquetRows(
  file: SourceFile,
  columns: readonly ContractColumn[],
  reader: FileReader,
  shapes: ParquetShapes,
): Promise<UntypedRows> {
  const { path } = file;
  const found = await parquetColumns(file, reader, shapes);
  requireColumns(
    path,
    found.map((column) => column.name),
    columns,
    "file",
  );
  const wanted = new Set(columns.map((column) => sameName(column.name)));
  const typed = columns.map((column) => {
    const stored = found.find((candidate) => sameName(candidate.name) === sameName(column.name));
    const assigned = stored === undefined ? null : assignParquet(column, quoteIdentifier(stored.name), stored.type);
    if (assigned !== null) return assigned;
    const message = `${path}: column ${column.name} is ${stored?.type ?? "missing"}, the contract says ${columnTypeName(column.type)}`;
    throw new AssayError("SOURCE_HEADER", message, { hint: "give the contract's column a type that can hold the file's" });
  });
  const raw = found.map(
    (column) => `${quoteText(column.name)}: ${quoteIdentifier(column.name)}${doubleInJson.test(column.type) ? "::varchar" : ""}`,
  );
  const stored = columnList(found.map((column) => column.name).filter((name) => wanted.has(sameName(name))));
  const from = `select ${stored}, file_row_number + 1 as _row_number, to_json({${raw.join(", ")}})::varchar as _raw, false as _broken
    from read_parquet(${quotePath(path)}, file_row_number = true, hive_partitioning = false)`;
  return { from, columns: typed };
}

/** The columns of a Parquet file. Throws SOURCE_UNREADABLE. */
export async function parquetColumns(file: SourceFile, reader: FileReader, shapes: ParquetShapes): Promise<readonly ParquetColumn[]> {
  const { path } = file;
  const known = shapes.get(file);
  if (known !== undefined) return known;
  const text = `describe select * from read_parquet(${quotePath(path)}, hive_partitioning = false)`;
  const rows = await reader.query({ text }).catch((error: unknown) => {
    const reason = messageOf(error)
      .split("\n")[0]
      ?.replace(/^\w[\w ]* Error: /, "");
    const hint = "check that the file is complete and written as Parquet";
    throw new AssayError("SOURCE_UNREADABLE", `${path} cannot be read as Parquet: ${reason}`, { hint, cause: error });
  });
  const found = rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  shapes.set(file, found);
  return found;
}
