import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from, to } from "pg-copy-streams";
import { columnList } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { Cell, InsertTarget, ResultTable, Row, Session, Statement } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import { cancelBackend } from "./cancel-backend.ts";
import { cellTypes, describedColumn } from "./cells.ts";
import type { Target } from "./connection.ts";
import { engineFault } from "./engine-errors.ts";
import { numberedParameters } from "./numbered-parameters.ts";
import { type ServerFacts, unfitServer } from "./server-facts.ts";
import { engineSessionSql } from "./session-sql.ts";
import { isUncertain, type Line, settleCommit, transactionIdSql } from "./uncertain-commit.ts";

/** Milliseconds to wait for a connection, and for a lock that others hold. */
const patience = { connect: 10_000, lock: 60_000 } as const;

/**
 * A connection to the server. `files` reads and writes the lake for it, and is closed with it. Throws ENGINE_UNREACHABLE, ENGINE_DENIED,
 * ENGINE_UNSUPPORTED.
 */
export async function openSession(target: Target, sql: EngineSql, files: Session, name: string): Promise<Session> {
  const open = (): Promise<Line> => connect(target, name);
  try {
    return sessionOf(await open(), open, target, sql, files);
  } catch (error) {
    files.close();
    throw engineFault(error, target);
  }
}

async function connect(target: Target, name: string): Promise<Line> {
  const client = new pg.Client({
    connectionString: target.url,
    keepAlive: true,
    keepAliveInitialDelayMillis: patience.connect,
    connectionTimeoutMillis: patience.connect,
    application_name: name,
  });
  // What was under way fails by itself.
  client.on("error", () => undefined);
  try {
    await client.connect();
    const results: unknown = await client.query(engineSessionSql({ lock: patience.lock }));
    const [server] = (results as readonly pg.QueryResult<ServerFacts>[]).at(-1)?.rows ?? [];
    if (server === undefined) throw new Error("the server told nothing of itself");
    const unfit = unfitServer(server, target);
    if (unfit !== null) throw new AssayError("ENGINE_UNSUPPORTED", unfit.message, { hint: unfit.hint });
    return { client, pid: server.pid };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

function sessionOf(first: Line, open: () => Promise<Line>, target: Target, sql: EngineSql, files: Session): Session {
  let { client, pid } = first;
  let underWay = 0;
  let cancelled = false;
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (cancelled) throw new Error("the session was cancelled");
    underWay += 1;
    try {
      return await work();
    } catch (error) {
      throw engineFault(error, target);
    } finally {
      underWay -= 1;
    }
  };
  /** The result of the last statement; without parameters a text may hold several. */
  const run = (statement: Statement, protocol: object = {}): Promise<pg.QueryArrayResult<Cell[]>> =>
    guarded(async () => {
      const { text, values } = numberedParameters(statement);
      const parameters = values.length === 0 ? {} : { values: [...values] };
      const result = await client.query<Cell[]>({ ...protocol, text, ...parameters, rowMode: "array", types: cellTypes });
      return Array.isArray(result) ? (result.at(-1) as pg.QueryArrayResult<Cell[]>) : result;
    });
  const execute = async (statement: Statement): Promise<void> => {
    await run(statement);
  };
  const commit = async (): Promise<void> => {
    // Fails, too, where a statement failed and nobody said so: COMMIT would roll back without a word.
    const [id] = (await run({ text: transactionIdSql })).rows[0] ?? [];
    await guarded(async () => {
      try {
        await client.query("commit");
      } catch (error) {
        if (!isUncertain(error)) throw error;
        // Where nothing was written, nothing can be lost.
        const written = typeof id === "string";
        const { outcome, line } = written ? await settleCommit({ id, pid }, open, target) : { outcome: "committed", line: await open() };
        ({ client, pid } = line);
        if (outcome === "aborted") throw error;
      }
    });
  };
  return {
    sql,
    files,
    execute,
    query: async (statement) => {
      const { fields, rows } = await run(statement);
      return rows.map((row): Row => Object.fromEntries(fields.map(({ name }, index) => [name, row[index] ?? null])));
    },
    result: async (statement): Promise<ResultTable> => {
      // The server takes one statement then, and no more.
      const { fields, rows } = await run(statement, { queryMode: "extended" });
      return { columns: fields.map(({ name }) => name), rows };
    },
    insert: (target, rows) => guarded(() => insert(client, sql.table(target.table), target.columns, rows)),
    copyIn: (relation, columns, file) =>
      guarded(async () => {
        const copy = client.query(from(copyInSql(relation, columns)));
        await pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), copy);
        return copy.rowCount;
      }),
    copyOut: (select, file) =>
      guarded(() => pipeline(client.query(to(`copy (${select}) to stdout (format csv, null '')`)), createWriteStream(file))),
    describe: async (text) => {
      const { fields } = await run({ text: `select * from (${text}\n) as described limit 0` });
      const unnamed = fields.filter((field) => /^type \d+$/.test(describedColumn(field).type)).map((field) => field.dataTypeID);
      const named = unnamed.length === 0 ? [] : (await run({ text: typeNamesSql(unnamed) })).rows;
      const names = new Map(named.map(([id, name]) => [Number(id), String(name)]));
      return fields.map((field) => ({
        ...describedColumn(field),
        ...(names.has(field.dataTypeID) ? { type: names.get(field.dataTypeID) ?? "" } : {}),
      }));
    },
    transaction: async (work) => {
      // One snapshot: what a refresh reads has to fit together.
      await execute({ text: "begin isolation level repeatable read" });
      try {
        const value = await work();
        await commit();
        return value;
      } catch (error) {
        // Where the connection is gone there is nothing left to roll back.
        await client.query("rollback").catch(() => undefined);
        throw error;
      }
    },
    cancel: async () => {
      cancelled = true;
      await Promise.all([cancelBackend(target, pid, () => underWay > 0), files.cancel()]);
      // Without an answer there is nothing to wait for: the server notices that nobody is there.
      if (underWay > 0) client.connection.stream.destroy();
    },
    close: () => {
      files.close();
      client.end().catch(() => undefined);
    },
  };
}

function copyInSql(relation: string, columns: readonly string[]): string {
  return `copy ${relation} (${columnList(columns)}) from stdin (format csv, null '', encoding 'UTF8')`;
}

function typeNamesSql(ids: readonly number[]): string {
  return `select id, upper(format_type(id, null)) from unnest('{${ids.join(",")}}'::oid[]) as ids(id)`;
}

/** All rows in one statement: an array for each column. */
async function insert(
  client: pg.Client,
  relation: string,
  columns: InsertTarget["columns"],
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (rows.length === 0) return;
  const fields = Object.entries(columns);
  const arrays = fields.map(([, type], index) => `$${index + 1}::${type}[]`);
  const text = `insert into ${relation} (${columnList(fields.map(([column]) => column))})
    select * from unnest(${arrays.join(", ")})`;
  await client.query({ text, values: fields.map(([column, type]) => rows.map((row) => cell(type, row[column]))) });
}

function cell(type: InsertTarget["columns"][string], value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (type !== "VARCHAR") return String(typeof value === "number" ? Math.round(value) : value);
  // Half a surrogate pair and NUL are no text for the server.
  return String(value).toWellFormed().replaceAll("\0", "\uFFFD");
}
