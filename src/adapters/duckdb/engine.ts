import { columnTypeName } from "../../define/column-type.ts";
import { columnList, quoteIdentifier, quoteTable, quoteText } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { Candidate, Engine, Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import type { Database } from "./database.ts";
import { sinkRows } from "./sink-rows.ts";

/** The embedded engine. The caller owns and closes the database. */
export function duckdbEngine(database: Database): Engine {
  return {
    name: "duckdb",
    session: () => database.session(),
    buildCandidate: async (session, candidate) => {
      const relation = quoteTable(candidateName(candidate.table));
      await dropRelation(session, candidateName(candidate.table));
      await session.execute({ ...candidate.select, text: `create ${candidate.materialization} ${relation} as ${candidate.select.text}` });
      return relation;
    },
    publish: async (session, candidate) => publish(session, candidate),
    publishBronze: async (session, table, columns, files) => {
      await dropRelation(session, table);
      await session.execute({ text: `create view ${quoteTable(table)} as ${bronzeSelect(columns, files)}` });
    },
    sinkRows: (session, table, columns) => sinkRows(session, quoteTable(table), columns),
    close: async () => undefined,
  };
}

const candidateName = (table: TableName): TableName => `${table}__candidate`;

async function publish(session: Session, candidate: Candidate): Promise<void> {
  const { table, materialization } = candidate;
  await dropRelation(session, table);
  const name = quoteIdentifier(table.slice(table.indexOf(".") + 1));
  await session.execute({ text: `alter ${materialization} ${quoteTable(candidateName(table))} rename to ${name}` });
}

/** Drops a table or view, whichever the name is. */
async function dropRelation(session: Session, name: TableName): Promise<void> {
  const [schema, relation] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
  const [found] = await session.query({
    text: "select table_type from information_schema.tables where table_schema = $schema and table_name = $relation",
    params: { schema, relation },
  });
  if (found !== undefined) await session.execute({ text: `drop ${found.table_type === "VIEW" ? "view" : "table"} ${quoteTable(name)}` });
}

function bronzeSelect(columns: readonly ContractColumn[], files: readonly string[]): string {
  if (files.length === 0) {
    const empty = columns.map((column) => `cast(null as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
    return `select ${empty.join(", ")} where false`;
  }
  const names = columnList(columns.map((column) => column.name));
  return `select ${names} from read_parquet([${files.map(quoteText).join(", ")}], hive_partitioning = false)`;
}
