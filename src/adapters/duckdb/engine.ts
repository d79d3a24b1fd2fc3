import { columnTypeName, describedColumns } from "../../define/column-type.ts";
import { columnList, quoteIdentifier, quoteTable, quoteText } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { ContractColumn } from "../../define/types.ts";
import { type Candidate, type DescribedColumn, type Engine, evolvedTable, type Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import type { Database } from "./database.ts";
import { defineFunctions } from "./functions.ts";
import { sinkRows } from "./sink-rows.ts";
import { keyHash } from "./sql.ts";

/** The embedded engine. The caller owns and closes the database. */
export function duckdbEngine(database: Pick<Database, "session">): Engine {
  const kinds = relationKinds();
  return {
    session: () => database.session(),
    defineFunctions,
    buildCandidate: async (session, candidate) => {
      // Candidates never outlive their transaction, so the name is free.
      const relation = quoteTable(candidateName(candidate.table));
      await session.execute({ ...candidate.select, text: `create ${candidate.materialization} ${relation} as ${candidate.select.text}` });
      return relation;
    },
    publish: (session, candidate) => publish(session, kinds, candidate),
    discard: ({ execute }, { table, materialization }) => execute({ text: `drop ${materialization} ${quoteTable(candidateName(table))}` }),
    kindOf: async (session, table) => (await readKinds(session, table)).get(table.toLowerCase()) ?? null,
    lend: async (_session, table) => quoteTable(table),
    batchRows: async (_session, { columns }, files) => `(${bronzeSelect(columns, files)})`,
    publishBronze: async (session, table, columns, files, evolved = []) => {
      for (const name of [evolvedTable(table), table]) await kinds.drop(session, name);
      await session.execute({ text: `create view ${quoteTable(table)} as ${bronzeSelect(columns, files)}` });
      if (evolved.length === 0) return;
      await session.execute({ text: `create view ${quoteTable(evolvedTable(table))} as ${evolvedSelect(columns, evolved, files)}` });
    },
    // The files are the table: there is nothing to move, but a part that cannot be read must not come to light after all are published.
    prepareParts: async () => undefined,
    loadPart: async (session, { columns }, { file, first, rows }) => {
      const from = `read_parquet([${quoteText(file)}], hive_partitioning = false, file_row_number = true)`;
      const names = columnList(columns.map((column) => column.name));
      const [row] = await session.query({
        text: `select count(*) as rows, ${duckdbHashes.contentHash(describedColumns(columns))} as content
          from (select ${names} from ${from} where file_row_number between ${first} and ${first + rows - 1}) as part`,
      });
      return Number(row?.rows);
    },
    dropParts: async () => undefined,
    addRows: async (session, relation, columns, select) => {
      const text = `insert into ${relation} (${columnList(columns)}) ${select.text}`;
      const [row] = await session.query({ ...select, text });
      return Number(row?.Count);
    },
    drop: (session, table) => kinds.drop(session, table),
    ...duckdbHashes,
    sinkRows: (session, table, columns) => sinkRows(session, quoteTable(table), columns),
  };
}

/** The engine's hashes, for those who only read. */
export const duckdbHashes: Pick<Engine, "keyHash" | "contentHash"> = {
  keyHash,
  contentHash: (columns) => `coalesce(sum(hash(${columns.map(hashed).join(", ")})::hugeint), 0)::varchar`,
};

/** DuckDB gives 0 and -1 of a 128-bit number the same hash (so does a wide decimal with 0.00 and -0.01): their texts differ. */
function hashed({ name, type }: DescribedColumn): string {
  const decimal = /^DECIMAL\((\d+),\d+\)$/.exec(type);
  const isWide = decimal === null ? /HUGEINT|DECIMAL/.test(type) : Number(decimal[1]) > 18;
  return isWide ? `${quoteIdentifier(name)}::varchar` : quoteIdentifier(name);
}

const candidateName = (table: TableName): TableName => `${table}__candidate`;

async function publish(session: Session, kinds: RelationKinds, candidate: Candidate): Promise<void> {
  const { table, materialization } = candidate;
  await kinds.drop(session, table);
  const name = quoteIdentifier(splitTable(table).name);
  await session.execute({ text: `alter ${materialization} ${quoteTable(candidateName(table))} rename to ${name}` });
}

type RelationKind = "table" | "view";

/** Drops a table or view, whichever a name is. */
interface RelationKinds {
  drop(session: Session, name: TableName): Promise<void>;
}

/** Asks the catalog once for all names, as only this process changes it, and again for a name it has dropped before. */
function relationKinds(): RelationKinds {
  let loaded: ReadonlyMap<string, RelationKind> | null = null;
  const touched = new Set<TableName>();
  return {
    drop: async (session, name) => {
      loaded ??= await readKinds(session, "");
      const kind = (touched.has(name) ? await readKinds(session, name) : loaded).get(name.toLowerCase());
      touched.add(name);
      if (kind !== undefined) await session.execute({ text: `drop ${kind} ${quoteTable(name)}` });
    },
  };
}

async function readKinds(session: Session, name: string): Promise<ReadonlyMap<string, RelationKind>> {
  const rows = await session.query({
    text: `select name, kind from (
        select schema_name || '.' || table_name as name, 'table' as kind from duckdb_tables() where database_name = current_database()
        union all
        select schema_name || '.' || view_name, 'view' from duckdb_views() where database_name = current_database() and not internal)
      where $name in ('', lower(name))`,
    params: { name: name.toLowerCase() },
  });
  return new Map(rows.map((row) => [String(row.name).toLowerCase(), row.kind === "view" ? "view" : "table"] as const));
}

function noRows(columns: readonly ContractColumn[]): string {
  return `select ${columns.map(({ name, type }) => `cast(null as ${columnTypeName(type)}) as ${quoteIdentifier(name)}`).join(", ")} where false`;
}

/** Files need not have the evolved columns, and may have them with other types. */
function evolvedSelect(columns: readonly ContractColumn[], evolved: readonly ContractColumn[], files: readonly string[]): string {
  const all = [...columns, ...evolved];
  if (files.length === 0) return noRows(all);
  const typed = all.map(({ name, type }) => `cast(${quoteIdentifier(name)} as ${columnTypeName(type)}) as ${quoteIdentifier(name)}`);
  const found = `select * from read_parquet([${files.map(quoteText).join(", ")}], hive_partitioning = false, union_by_name = true)`;
  return `select ${typed.join(", ")} from (${found} union all by name ${noRows(evolved)})`;
}

function bronzeSelect(columns: readonly ContractColumn[], files: readonly string[]): string {
  if (files.length === 0) return noRows(columns);
  const names = columnList(columns.map((column) => column.name));
  return `select ${names} from read_parquet([${files.map(quoteText).join(", ")}], hive_partitioning = false)`;
}
