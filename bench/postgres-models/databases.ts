import { readFileSync } from "node:fs";
import pg from "pg";
import { type PostgresServer, startPostgres } from "../../test/services/postgres.ts";

/** A PostgreSQL server with default settings and its databases. */
export interface Databases {
  readonly server: PostgresServer;
  readonly urlOf: (database: string) => string;
  /** Makes a database anew, as a copy of another that nobody is connected to; null: an empty one. */
  readonly create: (database: string, template: string | null) => Promise<void>;
  /** The first value of a query. */
  readonly value: (database: string, query: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export async function startDatabases(): Promise<Databases> {
  const server = await startPostgres();
  const urlOf = (database: string): string => server.url.replace(/warehouse$/, database);
  const value = async (database: string, query: string): Promise<string> => {
    const client = new pg.Client({ connectionString: urlOf(database) });
    await client.connect();
    try {
      const { rows } = await client.query<unknown[]>({ text: query, rowMode: "array" });
      return String(rows[0]?.[0]);
    } finally {
      await client.end();
    }
  };
  const create = async (database: string, template: string | null): Promise<void> => {
    await value("warehouse", `drop database if exists ${database} with (force)`);
    const from = template === null ? "" : ` template ${template} strategy file_copy`;
    await value("warehouse", `create database ${database}${from}`);
    // What was written for the copy is not written while somebody is measured.
    await value("warehouse", "checkpoint");
  };
  return { server, urlOf, create, value, stop: () => server.stop() };
}

const ticksPerSecond = 100;

/** Seconds of processor time the server has used so far, ended connections included, those that are open not; null where /proc does not tell. */
export function serverSeconds(server: Pick<PostgresServer, "pid">): number | null {
  if (process.platform !== "linux") return null;
  const stat = readFileSync(`/proc/${server.pid}/stat`, "utf8");
  // The name, in parentheses, may hold blanks. After it: state, then 10 fields, then user, system, and the same of the children waited for.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}
