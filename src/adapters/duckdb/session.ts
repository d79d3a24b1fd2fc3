import { setTimeout } from "node:timers/promises";
import type { DuckDBConnection, DuckDBInstance, DuckDBPreparedStatement, DuckDBResultReader } from "@duckdb/node-api";
import { columnList, quoteText } from "../../define/quote.ts";
import type { Cell, ResultTable, Row, Session, Statement } from "../../ports/engine.ts";
import type { Params } from "../../terms.ts";
import { appendRows } from "./append-rows.ts";
import { storageFault } from "./errors.ts";
import { duckdbSql } from "./sql.ts";

/** A connection to an embedded database. */
export async function openSession(instance: DuckDBInstance): Promise<Session> {
  return sessionOf(await instance.connect());
}

function sessionOf(connection: DuckDBConnection): Session {
  let underWay = 0;
  let cancelled = false;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (cancelled) throw new Error("the session was cancelled");
    underWay += 1;
    try {
      return await work();
    } catch (error) {
      throw storageFault(error) ?? error;
    } finally {
      underWay -= 1;
    }
  };
  const read = ({ text, params }: Statement): Promise<DuckDBResultReader> =>
    guarded(() => (hasValues(params) ? withValues(connection, text, params, (it) => it.runAndReadAll()) : connection.runAndReadAll(text)));
  const execute = async ({ text, params }: Statement): Promise<void> => {
    await guarded<unknown>(() => (hasValues(params) ? withValues(connection, text, params, (it) => it.run()) : connection.run(text)));
  };
  const session: Session = {
    sql: duckdbSql,
    get files() {
      return session;
    },
    execute,
    insert: async (target, rows) => {
      if (rows.length > 0) await guarded(() => appendRows(connection, target, rows));
    },
    query: async (statement) => (await read(statement)).getRowObjectsJson() as readonly Row[],
    result: async (statement): Promise<ResultTable> => {
      const reader = await read(statement);
      return { columns: reader.deduplicatedColumnNames(), rows: reader.getRowsJson() as readonly (readonly Cell[])[] };
    },
    copyIn: async (relation, columns, file) => {
      const text = `copy ${relation} (${columnList(columns)}) from ${quoteText(file)} (format csv, header false, nullstr '')`;
      return Number((await read({ text })).getRowObjectsJson()[0]?.Count);
    },
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
        await connection.run("rollback").catch(() => undefined);
        throw error;
      }
    },
    cancel: async () => {
      cancelled = true;
      // A statement that is just about to begin forgets an interrupt that came before.
      for (; underWay > 0; await setTimeout(20)) connection.interrupt();
    },
    close: () => connection.closeSync(),
  };
  return session;
}

const hasValues = (params: Params | undefined): params is Params => Object.keys(params ?? {}).length > 0;

/** The connection's own way with values looks for several statements first, which costs a quarter more. */
async function withValues<T>(
  connection: DuckDBConnection,
  text: string,
  params: Params,
  run: (prepared: DuckDBPreparedStatement) => Promise<T>,
): Promise<T> {
  const prepared = await connection.prepare(text);
  try {
    prepared.bind({ ...params });
    return await run(prepared);
  } finally {
    prepared.destroySync();
  }
}
