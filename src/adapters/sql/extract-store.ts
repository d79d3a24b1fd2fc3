import type { InsertTarget, Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { Extract, LoadedChunk, Split } from "../../ports/state-store.ts";
import type { TableName } from "../../terms.ts";

/** What was extracted or split and is not published yet, and the chunks of it that are loaded or made. */
export const createExtracts = (sql: EngineSql, json: string): string =>
  `create table ${sql.table("assay.extracts")} (table_name varchar not null, batch_id varchar not null, run_id varchar not null, input varchar not null, folder varchar, details ${json} not null);
create table ${sql.table("assay.chunks")} (table_name varchar not null, batch_id varchar not null, chunk integer not null, rows bigint not null, run_id varchar not null)`;

const extractRows = {
  table: "assay.extracts",
  columns: { table_name: "VARCHAR", batch_id: "VARCHAR", run_id: "VARCHAR", input: "VARCHAR", folder: "VARCHAR", details: "VARCHAR" },
} as const satisfies InsertTarget;

const chunkRows = {
  table: "assay.chunks",
  columns: { table_name: "VARCHAR", batch_id: "VARCHAR", chunk: "INTEGER", rows: "BIGINT", run_id: "VARCHAR" },
} as const satisfies InsertTarget;

/** Takes the place of what was extracted or split for the table before. */
export async function recordExtract(session: Session, extract: Extract | (Split & { readonly folder: null })): Promise<void> {
  await forgetExtract(session, extract.table);
  const { table, batch_id, run_id, input, folder, ...details } = extract;
  await session.insert(extractRows, [{ table_name: table, batch_id, run_id, input, folder, details: JSON.stringify(details) }]);
}

/** What was extracted or split for a table is published, or begun anew. */
export async function forgetExtract(session: Session, table: TableName): Promise<void> {
  for (const name of ["assay.extracts", "assay.chunks"])
    await session.execute({ text: `delete from ${session.sql.table(name)} where table_name = $table`, params: { table } });
}

export async function recordChunk(session: Session, run_id: string, { table, ...chunk }: LoadedChunk): Promise<void> {
  await session.insert(chunkRows, [{ ...chunk, table_name: table, run_id }]);
}

export async function readExtract(session: Session, table: TableName): Promise<Extract | null> {
  const found = await readOpen<Omit<Extract, keyof Opened>>(session, table);
  return found === null ? null : { ...found.details, ...found.opened };
}

export async function readSplit(session: Session, table: TableName): Promise<Split | null> {
  const found = await readOpen<Omit<Split, keyof Opened>>(session, table);
  if (found === null) return null;
  const { folder, ...opened } = found.opened;
  return { ...found.details, ...opened };
}

type Opened = Pick<Extract, "table" | "batch_id" | "run_id" | "input" | "folder">;

async function readOpen<T>(session: Session, table: TableName): Promise<{ readonly opened: Opened; readonly details: T } | null> {
  const [row] = await session.query({
    text: `select * from ${session.sql.table("assay.extracts")} where table_name = $table`,
    params: { table },
  });
  if (row === undefined) return null;
  const folder = row.folder === null ? null : String(row.folder);
  const opened = { table, batch_id: String(row.batch_id), run_id: String(row.run_id), input: String(row.input), folder };
  return { opened, details: JSON.parse(String(row.details)) as T };
}

export async function extractFolders(session: Session): Promise<readonly string[]> {
  const rows = await session.query({ text: `select folder from ${session.sql.table("assay.extracts")} where folder is not null` });
  return rows.map((row) => String(row.folder));
}

/** Tables of which something is extracted or split and not published yet, and the runs that did it. */
export async function openTables(session: Session): Promise<readonly Pick<Split, "table" | "run_id">[]> {
  // A database of an older version may be opened for reading, which does not migrate it.
  const [version] = await session.query({ text: `select max(version) as version from ${session.sql.table("assay.state_version")}` });
  if (Number(version?.version) < 4) return [];
  const rows = await session.query({ text: `select table_name, run_id from ${session.sql.table("assay.extracts")} order by table_name` });
  return rows.map((row) => ({ table: row.table_name as TableName, run_id: String(row.run_id) }));
}

/** Milliseconds that the chunks of a batch took together. */
export async function chunkTime(session: Session, table: TableName, batch_id: string): Promise<number> {
  const [row] = await session.query({
    text: `select sum(duration_ms) as took from ${session.sql.table("assay.steps")}
      where table_name = $table and kind = 'chunk' and status = 'succeeded'
        and run_id in (select run_id from ${session.sql.table("assay.chunks")} where table_name = $table and batch_id = $batch_id)`,
    params: { table, batch_id },
  });
  return Number(row?.took ?? 0);
}

export async function readChunks(session: Session, table: TableName, batch_id: string): Promise<ReadonlyMap<number, number>> {
  const rows = await session.query({
    text: `select chunk, rows from ${session.sql.table("assay.chunks")} where table_name = $table and batch_id = $batch_id`,
    params: { table, batch_id },
  });
  return new Map(rows.map((row) => [Number(row.chunk), Number(row.rows)] as const));
}

export async function isLoaded(session: Session, { table, batch_id, chunk }: Omit<LoadedChunk, "rows">): Promise<boolean> {
  const rows = await session.query({
    text: `select 1 as one from ${session.sql.table("assay.chunks")}
      where table_name = $table and batch_id = $batch_id and chunk = $chunk`,
    params: { table, batch_id, chunk },
  });
  return rows.length > 0;
}
