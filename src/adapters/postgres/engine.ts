import { mkdirSync } from "node:fs";
import { columnList, quoteIdentifier, quoteText } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { ContractColumn } from "../../define/types.ts";
import { type Candidate, type Engine, evolvedTable, type Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import { additionsTo, giveAgain } from "./additions-of-others.ts";
import {
  columnSql,
  dropStores,
  loadedInParts,
  loadPart,
  loadSelect,
  prepareParts,
  showFiles,
  storedColumn,
  storedRows,
  temporaryRows,
} from "./bronze-store.ts";
import { type CatalogSession, catalogSession } from "./catalog-session.ts";
import { type Target, targetOf } from "./connection.ts";
import { contentHash, engineType, keyHash, postgresSql } from "./engine-sql.ts";
import { defineFunctions } from "./functions.ts";
import { requireName } from "./names.ts";
import { withValues } from "./numbered-parameters.ts";
import { replaceRows, type TableContract } from "./replace-rows.ts";
import { lendValues, sinkRows } from "./rows-out.ts";
import { openSession } from "./session.ts";
import { bringBack, isStoodOn, setAside } from "./views-of-others.ts";

export interface PostgresEngineOptions {
  /** `postgres://user:password@host:port/database`; no message shows its password. */
  readonly url: string;
  /** What the names of all schemas begin with, before an underscore; null: nothing. */
  readonly schemaPrefix: string | null;
  /** Opens a session of an embedded DuckDB, which reads and writes the lake's files; one for each session of the engine. */
  readonly files: () => Promise<Session>;
  /** Folder for rows on their way. */
  readonly scratch: string;
  /** Of its sessions, for those who ask the server who is there; default: `assay`. */
  readonly name?: string;
}

/**
 * PostgreSQL, 15 or newer, as an engine. Every change is part of the caller's transaction, DDL too. Throws SINK_FAILED when `url` is no
 * address; sessions throw ENGINE_UNREACHABLE, ENGINE_DENIED, ENGINE_BUSY, DISK_FULL.
 */
export function postgresEngine({ url, schemaPrefix, files, scratch, name = "assay" }: PostgresEngineOptions): Engine {
  const target = targetOf(url);
  const sql = postgresSql(schemaPrefix);
  mkdirSync(scratch, { recursive: true });
  const open = async (): Promise<Session> => openSession(target, sql, await files(), name);
  const catalog = catalogSession(open);
  let batches = 0;
  return {
    session: async () => catalog.beside(await open()),
    defineFunctions,
    buildCandidate,
    publish: (session, candidate) => publish(session, catalog, target, candidate),
    discard: ({ execute, sql }, { table, materialization }) =>
      execute({ text: `drop ${materialization} ${sql.table(candidateName(table))}` }),
    kindOf,
    batchRows: async (session, table, paths) => {
      if (table.load !== "merge") return storedRows(session, table, paths, scratch);
      const loaded = await loadedInParts(session, table, paths);
      if (loaded !== null) return loaded;
      batches += 1;
      return temporaryRows(session, table, paths, `batch ${batches}`, scratch);
    },
    prepareParts: async (session, table, paths) => {
      // A merged table is no view of its store: nothing is in it but parts that were given up.
      if (table.load === "merge" && (await kindOf(session, table.name)) !== "view") await dropStores(session, table.name);
      await prepareParts(session, table, paths, scratch);
    },
    loadPart: (session, table, part) => loadPart(session, table, part, scratch),
    // Of other tables they go when the next files are published.
    dropParts: async (session, table) => (table.load === "merge" ? dropStores(session, table.name) : undefined),
    addRows: async (session, relation, columns, select) => {
      const added = `insert into ${relation} (${columnList(columns)}) ${select.text}\nreturning 1`;
      const [row] = await session.query({ ...select, text: `with added as (${added}) select count(*) as rows from added` });
      return Number(row?.rows);
    },
    lend: (session, table, column) => lendValues(session, table, column, scratch),
    publishBronze: async (session, name, columns, paths, evolved = []) => {
      const present = await kindOf(session, name);
      // Before anything is locked that the other connection would wait for.
      const kept = present === null ? [] : await additionsTo(catalog, session.sql, name);
      const more = evolvedTable(name);
      const keptMore = evolved.length === 0 ? [] : await additionsTo(catalog, session.sql, more);
      const aside = present !== null && (await isStoodOn(session, name, present)) ? await setAside(session, target, present, name) : null;
      for (const table of [more, name]) await drop(session, table);
      await showFiles(session, { name, columns, load: "replace" }, paths, scratch);
      await giveAgain(session, target, { table: name, materialization: "view", columns }, kept);
      if (evolved.length > 0) {
        const all = [...columns, ...evolved];
        await publishEvolved(session, more, all, evolved, paths, scratch);
        await giveAgain(session, target, { table: more, materialization: "table", columns: all }, keptMore);
      }
      if (aside !== null) await bringBack(session, target, name, aside);
    },
    drop: async (session, table) => {
      await drop(session, table);
      await dropStores(session, table);
    },
    ...postgresHashes,
    sinkRows: (session, table, columns) => sinkRows(session, table, columns),
  };
}

/** The engine's hashes, for those who only read. */
export const postgresHashes: Pick<Engine, "keyHash" | "contentHash"> = {
  keyHash,
  contentHash: (columns) => contentHash(columns.map((column) => column.name)),
};

const candidateName = (table: TableName): TableName => `${table}__candidate`;

async function buildCandidate(session: Session, candidate: Candidate): Promise<string> {
  const { table, materialization, select, columns, key } = candidate;
  for (const column of columns) requireName(table, "column", column.name);
  for (const [index] of indexesOf(candidate)) requireName(table, "index", index);
  requireName(table, "table", splitTable(candidateName(table)).name);
  // Row changes and versions are kept under the whole name.
  requireName(table, "table", table);
  const relation = session.sql.table(candidateName(table));
  if (materialization === "view") {
    const typed = columns.map(({ name, type }) => `cast(${quoteIdentifier(name)} as ${engineType(type)}) as ${quoteIdentifier(name)}`);
    await session.execute({ text: `create view ${relation} as select ${typed.join(", ")} from (${withValues(select)}\n) as made` });
    return relation;
  }
  // An INSERT would be planned without parallel workers, and write row by row.
  const typed = columns.map(storedColumn).join(", ");
  await session.execute({ ...select, text: `create table ${relation} as select ${typed} from (${select.text}\n) as made` });
  // What checks, ledger and other models join by. The server analyzes the rest in its own time: a list of columns leaves its counters alone.
  const known = key === null || key.length === 0 ? "" : ` (${columnList(key)})`;
  await session.execute({ text: `analyze ${relation}${known}` });
  return relation;
}

async function publish(session: Session, catalog: CatalogSession, target: Target, candidate: Candidate): Promise<void> {
  const { table, materialization } = candidate;
  const [name, made] = [session.sql.table(table), session.sql.table(candidateName(table))];
  const present = await kindOf(session, table);
  const stoodOn = present !== null && (await isStoodOn(session, table, present));
  const keepsTable = stoodOn && present === "table" && materialization === "table";
  const replaced = keepsTable && (await replaceRows(session, name, made, contractOf(candidate)));
  if (!replaced) {
    const kept = present === null ? [] : await additionsTo(catalog, session.sql, table);
    const aside = stoodOn ? await setAside(session, target, present, table) : null;
    if (present !== null && !stoodOn) await session.execute({ text: `drop ${present} ${name}` });
    await session.execute({ text: `alter ${materialization} ${made} rename to ${quoteIdentifier(splitTable(table).name)}` });
    const constraints = materialization === "table" ? constraintsOf(candidate) : [];
    if (constraints.length > 0) await session.execute({ text: `alter table ${name} ${constraints.join(", ")}` });
    const indexes = indexesOf(candidate).map(([index, of]) => `create index ${quoteIdentifier(index)} on ${name} (${columnList(of)})`);
    if (indexes.length > 0) await session.execute({ text: indexes.join("; ") });
    await giveAgain(session, target, candidate, kept);
    if (aside !== null) await bringBack(session, target, table, aside);
  }
  if (table.startsWith("bronze.")) await dropStores(session, table);
  const comments = commentsOn(name, candidate, { clear: replaced });
  if (comments.length > 0) await session.execute({ text: comments.join("; ") });
}

/** `clear`: there may be others, of a description that is gone. */
function commentsOn(
  name: string,
  { materialization, columns, description }: Candidate,
  { clear }: { readonly clear: boolean },
): readonly string[] {
  const said = (what: string, text: string | null): readonly string[] =>
    text === null && !clear ? [] : [`comment on ${what} is ${text === null ? "null" : quoteText(text)}`];
  return [
    ...said(`${materialization} ${name}`, description),
    ...columns.flatMap((column) => said(`column ${name}.${quoteIdentifier(column.name)}`, column.description)),
  ];
}

const indexesOf = ({ materialization, indexes = {} }: Candidate): readonly (readonly [string, readonly string[]])[] =>
  materialization === "view" ? [] : Object.entries(indexes);

function contractOf(candidate: Candidate): TableContract {
  const { columns, key } = candidate;
  const keys = key ?? [];
  const required = columns.filter((column) => !column.nullable || keys.includes(column.name)).map((column) => column.name);
  return { key: keys, required, indexes: indexesOf(candidate) };
}

/** The contract. The key is looked at when the transaction ends: until then the platform's own checks say what is wrong, in better words. */
function constraintsOf(candidate: Candidate): readonly string[] {
  const { required, key } = contractOf(candidate);
  return [
    ...required.map((column) => `alter column ${quoteIdentifier(column)} set not null`),
    ...(key.length === 0 ? [] : [`add primary key (${columnList(key)}) deferrable initially deferred`]),
  ];
}

async function kindOf(session: Session, table: TableName): Promise<"table" | "view" | null> {
  const { schema, name } = splitTable(table);
  const [found] = await session.query({
    text: `select c.relkind::text as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $schema and lower(c.relname) = $name and c.relkind in ('r', 'v')`,
    params: { schema: session.sql.schema(schema), name: name.toLowerCase() },
  });
  if (found === undefined) return null;
  return found.kind === "v" ? "view" : "table";
}

async function drop(session: Session, table: TableName): Promise<void> {
  const kind = await kindOf(session, table);
  if (kind !== null) await session.execute({ text: `drop ${kind} ${session.sql.table(table)}` });
}

/** Files need not have the evolved columns, and may have them with other types: all are read again. */
async function publishEvolved(
  session: Session,
  name: TableName,
  columns: readonly ContractColumn[],
  evolved: readonly ContractColumn[],
  paths: readonly string[],
  scratch: string,
): Promise<void> {
  await session.execute({ text: `create table ${session.sql.table(name)} (${columns.map(columnSql).join(", ")})` });
  if (paths.length === 0) return;
  const { type } = session.files.sql;
  const cast = (column: ContractColumn, value: string): string =>
    `cast(${value} as ${type(column.type)}) as ${quoteIdentifier(column.name)}`;
  const absent = `select ${evolved.map((column) => cast(column, "null")).join(", ")} where false`;
  const found = `select * from read_parquet([${paths.map(quoteText).join(", ")}], hive_partitioning = false, union_by_name = true)`;
  const typed = columns.map((column) => cast(column, quoteIdentifier(column.name)));
  const select = `select ${typed.join(", ")} from (${found} union all by name ${absent})`;
  await loadSelect(
    session,
    select,
    columns.map((column) => column.name),
    session.sql.table(name),
    scratch,
  );
}
