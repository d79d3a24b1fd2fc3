import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { BronzeShape, FilePart, Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { TableName } from "../../terms.ts";
import { engineType } from "./engine-sql.ts";
import { requireName } from "./names.ts";
import { createSchemaIfMissing } from "./schemas.ts";

/**
 * Bronze tables in PostgreSQL: the rows of a table's batch files stand in a table of its own, each with its file's number, and the bronze
 * table is a view of it. A file is loaded once. Rows of files with a higher number than the view shows are on their way: see prepareParts.
 */
const schema = "assay_bronze";
const stores = `${schema}.stores`;
const loadedFiles = `${schema}.files`;

export const createBronzeStores = (sql: EngineSql): string => `${createSchemaIfMissing(sql.schema(schema))};
create table ${sql.table(stores)} (table_name varchar not null, store varchar not null, primary key (table_name, store));
create table ${sql.table(loadedFiles)} (store varchar not null, file integer not null, path varchar not null, primary key (store, path));
`;

const fileColumn = quoteIdentifier("_file");

/** Columns of another name or type need another store. */
function storeName({ name, columns }: BronzeShape): string {
  // With a version: the views of older stores show rows that are on their way.
  const shape = JSON.stringify([2, columns.map((column) => [column.name, engineType(column.type)])]);
  const store = `${name} ${createHash("sha256").update(shape).digest("hex").slice(0, 8)}`;
  return requireName(name, "table", store);
}

const quotedStore = (sql: EngineSql, store: string): string => sql.table(`${schema}.${store}`);

/** Texts are sorted as DuckDB sorts them. */
const collation = ({ type }: ContractColumn): string => (type.kind === "varchar" ? ' collate "C"' : "");

/** A column as it stands in a table of the engine. */
export function columnSql(column: ContractColumn): string {
  return `${quoteIdentifier(column.name)} ${engineType(column.type)}${collation(column)}`;
}

/** The same as an item of SELECT, of which a table is made. */
export function storedColumn(column: ContractColumn): string {
  const name = quoteIdentifier(column.name);
  return `cast(${name} as ${engineType(column.type)})${collation(column)} as ${name}`;
}

/** Loads what is not there yet; returns the relation of the files' rows. */
export async function storedRows(session: Session, table: BronzeShape, paths: readonly string[], scratch: string): Promise<string> {
  const store = storeName(table);
  const params = { table: table.name, store };
  const known = await session.query({
    text: `select 1 from ${session.sql.table(stores)} where table_name = $table and store = $store`,
    params,
  });
  if (known.length === 0) {
    await session.execute({
      text: `create table ${quotedStore(session.sql, store)} (${table.columns.map(columnSql).join(", ")}, ${fileColumn} integer not null)`,
    });
    await session.execute({ text: `insert into ${session.sql.table(stores)} values ($table, $store)`, params });
  }
  const files = new Map(await numbersOf(session, store));
  let last = Math.max(0, ...files.values());
  for (const path of paths.filter((item) => !files.has(item))) {
    last += 1;
    await load(session, table.columns, { target: quotedStore(session.sql, store), file: last }, path, scratch);
    await session.execute({
      text: `insert into ${session.sql.table(loadedFiles)} values ($store, $file, $path)`,
      params: { store, file: last, path },
    });
    files.set(path, last);
  }
  const numbers = paths.map((path) => files.get(path)).join(", ");
  return `(select ${names(table.columns)} from ${quotedStore(session.sql, store)} where ${numbers === "" ? "false" : `${fileColumn} in (${numbers})`})`;
}

/** A temporary table of the files' rows, which ends with the transaction. */
export async function temporaryRows(
  session: Session,
  { columns }: BronzeShape,
  paths: readonly string[],
  name: string,
  scratch: string,
): Promise<string> {
  const target = quoteIdentifier(name);
  await session.execute({ text: `create temp table ${target} (${columns.map(columnSql).join(", ")}) on commit drop` });
  for (const path of paths) await load(session, columns, { target: session.sql.temporary(target), file: null }, path, scratch);
  return target;
}

/** Names of all tables that hold bronze rows, and of those that say what is in them. */
export async function storeNames(session: Session): Promise<readonly string[]> {
  const found = await session.query({ text: `select store from ${session.sql.table(stores)} order by store` });
  return [stores, loadedFiles, ...found.map((row) => `${schema}.${row.store}`)];
}

/** The bronze table shows these files from now on, and no others. */
export async function showFiles(session: Session, table: BronzeShape, paths: readonly string[], scratch: string): Promise<void> {
  await storedRows(session, table, paths, scratch);
  const store = storeName(table);
  const shown = new Set(paths);
  const loaded = [...(await numbersOf(session, store))];
  const gone = loaded.filter(([path]) => !shown.has(path)).map(([, file]) => file);
  if (gone.length > 0) {
    await session.execute({ text: `delete from ${quotedStore(session.sql, store)} where ${fileColumn} in (${gone.join(", ")})` });
    await session.execute({
      text: `delete from ${session.sql.table(loadedFiles)} where store = $store and file in (${gone.join(", ")})`,
      params: { store },
    });
  }
  await dropStores(session, table.name, store);
  const last = Math.max(0, ...loaded.filter(([path]) => shown.has(path)).map(([, file]) => file));
  await session.execute({
    text: `create view ${session.sql.table(table.name)} as select ${names(table.columns)} from ${quotedStore(session.sql, store)}
      where ${fileColumn} <= ${last}`,
  });
}

/** Gives files numbers above all that are shown, and so keeps readers from the rows that come part by part. */
export async function prepareParts(session: Session, table: BronzeShape, paths: readonly string[], scratch: string): Promise<void> {
  await storedRows(session, table, [], scratch);
  const store = storeName(table);
  const [row] = await session.query({
    text: `select coalesce(max(file), 0) as last from ${session.sql.table(loadedFiles)} where store = $store`,
    params: { store },
  });
  await session.insert(
    { table: loadedFiles, columns: { store: "VARCHAR", file: "INTEGER", path: "VARCHAR" } },
    paths.map((path, index) => ({ store, file: Number(row?.last) + index + 1, path })),
  );
}

/** Adds the rows of a part to its file's. */
export async function loadPart(session: Session, table: BronzeShape, { file, first, rows }: FilePart, scratch: string): Promise<number> {
  const store = storeName(table);
  const number = (await numbersOf(session, store)).get(file);
  if (number === undefined) throw new Error(`${file} is not prepared for parts`);
  const from = `read_parquet([${quoteText(file)}], hive_partitioning = false, file_row_number = true)`;
  const select = `select ${names(table.columns)}, ${number} as ${fileColumn} from ${from}
    where file_row_number between ${first} and ${first + rows - 1}`;
  const columns = [...table.columns.map((column) => column.name), "_file"];
  return loadSelect(session, select, columns, quotedStore(session.sql, store), scratch);
}

/** The rows of files of a merged table that came in parts; null where they did not. */
export async function loadedInParts(session: Session, table: BronzeShape, paths: readonly string[]): Promise<string | null> {
  const store = storeName(table);
  const files = await numbersOf(session, store);
  const numbers = paths.flatMap((path) => files.get(path) ?? []);
  if (paths.length === 0 || numbers.length < paths.length) return null;
  return `(select ${names(table.columns)} from ${quotedStore(session.sql, store)} where ${fileColumn} in (${numbers.join(", ")}))`;
}

async function numbersOf(session: Session, store: string): Promise<ReadonlyMap<string, number>> {
  const text = `select path, file from ${session.sql.table(loadedFiles)} where store = $store`;
  const rows = await session.query({ text, params: { store } });
  return new Map(rows.map((row) => [String(row.path), Number(row.file)] as const));
}

/** Drops the stores of a bronze table that nothing shows any more. */
export async function dropStores(session: Session, table: TableName, kept: string | null = null): Promise<void> {
  const found = await session.query({
    text: `select store from ${session.sql.table(stores)} where table_name = $table`,
    params: { table },
  });
  for (const store of found.map((row) => String(row.store)).filter((name) => name !== kept)) {
    await session.execute({ text: `drop table ${quotedStore(session.sql, store)}` });
    await session.execute({ text: `delete from ${session.sql.table(loadedFiles)} where store = $store`, params: { store } });
    await session.execute({ text: `delete from ${session.sql.table(stores)} where store = $store`, params: { store } });
  }
}

const names = (columns: readonly ContractColumn[]): string => columnList(columns.map((column) => column.name));

/** From Parquet to the server by way of CSV, which both write and read in the engine. */
async function load(
  session: Session,
  columns: readonly ContractColumn[],
  { target, file }: { readonly target: string; readonly file: number | null },
  path: string,
  scratch: string,
): Promise<void> {
  const rows = `from read_parquet([${quoteText(path)}], hive_partitioning = false)`;
  const select = `select ${names(columns)}${file === null ? "" : `, ${file} as ${fileColumn}`} ${rows}`;
  await loadSelect(session, select, [...columns.map((column) => column.name), ...(file === null ? [] : ["_file"])], target, scratch);
}

/** Moves the rows of a query over the lake into a table; returns how many. */
export async function loadSelect(
  session: Session,
  select: string,
  columns: readonly string[],
  target: string,
  scratch: string,
): Promise<number> {
  const folder = await mkdtemp(join(scratch, "load-"));
  try {
    const csv = join(folder, "rows.csv");
    await session.files.copyOut(select, csv);
    return await session.copyIn(target, columns, csv);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
