import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { columnList, quoteText } from "../../define/quote.ts";
import type { Cell, ResultTable, Row, Session, Statement } from "../../ports/engine.ts";
import { appendRows } from "./append-rows.ts";
import { storageFault } from "./errors.ts";
import { duckdbSql } from "./sql.ts";

/** A connection to an embedded database. */
export async function openSession(instance: DuckDBInstance): Promise<Session> {
  return sessionOf(await instance.connect());
}

function sessionOf(connection: DuckDBConnection): Session {
  const read = async (statement: Statement) => {
    try {
      return await connection.runAndReadAll(statement.text, valuesOf(statement));
    } catch (error) {
      throw storageFault(error) ?? error;
    }
  };
  const execute = async (statement: Statement): Promise<void> => {
    try {
      await connection.run(statement.text, valuesOf(statement));
    } catch (error) {
      throw storageFault(error) ?? error;
    }
  };
  const session: Session = {
    sql: duckdbSql,
    get files() {
      return session;
    },
    execute,
    insert: async (target, rows) => {
      try {
        if (rows.length > 0) await appendRows(connection, target, rows);
      } catch (error) {
        throw storageFault(error) ?? error;
      }
    },
    query: async (statement) => (await read(statement)).getRowObjectsJson() as readonly Row[],
    result: async (statement): Promise<ResultTable> => {
      const reader = await read(statement);
      return { columns: reader.deduplicatedColumnNames(), rows: reader.getRowsJson() as readonly (readonly Cell[])[] };
    },
    copyIn: (relation, columns, file) =>
      execute({ text: `copy ${relation} (${columnList(columns)}) from ${quoteText(file)} (format csv, header false, nullstr '')` }),
    copyOut: (select, file) => execute({ text: `copy (${select}) to ${quoteText(file)} (format csv, header false, nullstr '')` }),
    describe: async (text) => {
      const prepared = await connection.prepare(text);
      if (prepared.parameterCount > 0) throw new Error(`there is no value for the parameter $${prepared.parameterName(1)}`);
      const columns = Array.from({ length: prepared.columnCount }, (_, index) => {
        const type = prepared.columnType(index);
        // JSON is a name for VARCHAR.
        return { name: prepared.columnName(index), type: type.alias ?? type.toString() };
      });
      prepared.destroySync();
      return columns;
    },
    transaction: async (work) => {
      await execute({ text: "begin transaction" });
      try {
        const value = await work();
        await execute({ text: "commit" });
        return value;
      } catch (error) {
        // After a failed commit there is nothing left to roll back.
        await execute({ text: "rollback" }).catch(() => undefined);
        throw error;
      }
    },
    close: () => connection.closeSync(),
  };
  return session;
}

function valuesOf(statement: Statement): Record<string, string | number | boolean | bigint> | undefined {
  if (statement.params === undefined) return undefined;
  const entries = Object.entries(statement.params);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
