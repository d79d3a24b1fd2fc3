import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from } from "pg-copy-streams";
import { AssayError } from "../../errors.ts";
import { type Place, sinkFault, unreachable } from "./errors.ts";
import type { Patience } from "./patience.ts";
import { type ServerFacts, unfitServer } from "./server-facts.ts";
import { sinkSessionSql } from "./session-sql.ts";

/** One session on the server. Every method throws an AssayError; `doing` completes "while …" in its message. */
export interface Connection {
  /** Id of the server's process. */
  readonly pid: number;
  query<R>(text: string, doing: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Sends a file to a COPY FROM STDIN. */
  copy(text: string, file: string, doing: string): Promise<void>;
  close(): Promise<void>;
  /** Ends it at once; what is under way fails with `reason`. */
  abandon(reason: AssayError): void;
}

export interface Target extends Omit<Place, "table" | "staging" | "masked"> {
  readonly url: string;
}

/** Reads a connection address; throws SINK_FAILED, without showing it, when it is none. */
export function targetOf(url: string): Target {
  try {
    if (!/^postgres(?:ql)?:\/\//.test(url)) throw new Error("not a connection address");
    const { host, port, database, user } = new pg.Client({ connectionString: url });
    return { url, host, port, database: database ?? "", user: user ?? "" };
  } catch {
    // The cause would carry the address, password and all.
    throw new AssayError("SINK_FAILED", "the connection address of the PostgreSQL sink cannot be read", {
      hint: "write postgres://user:password@host:port/database; percent-encode special characters of the password",
    });
  }
}

/** Opens a session set up for loading. Throws SINK_UNREACHABLE, SINK_DENIED, SINK_FAILED. */
export async function openConnection(target: Target, place: Place, patience: Patience): Promise<Connection> {
  const client = new pg.Client({
    connectionString: target.url,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    fallback_application_name: "assay",
  });
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);
  client.on("error", (error) => lost.reject(error));
  client.on("end", () => lost.reject(new Error("Connection terminated unexpectedly")));
  const guarded = async <T>(work: Promise<T>, doing: string): Promise<T> => {
    try {
      return await Promise.race([work, lost.promise]);
    } catch (error) {
      throw sinkFault(error, place, doing);
    }
  };
  const end = () => client.connection.stream.destroy();
  const timer = setTimeout(() => lost.reject(new Error("timeout expired")), patience.connect);
  try {
    await guarded(client.connect(), "connecting");
    const connection = connectionOf(client, guarded, lost.reject, end);
    const [server] = await connection.query<ServerFacts>(sinkSessionSql({ lock: patience.turn }), "connecting");
    checkServer(server, place);
    return { ...connection, pid: server.pid };
  } catch (error) {
    end();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Guard = <T>(work: Promise<T>, doing: string) => Promise<T>;

function connectionOf(client: pg.Client, guarded: Guard, reject: (reason: AssayError) => void, end: () => void): Omit<Connection, "pid"> {
  return {
    query: async <R>(text: string, doing: string, values?: readonly unknown[]) => {
      // Without values several statements may stand in one text; node-postgres then returns a result for each.
      const result = await guarded(values === undefined ? client.query(text) : client.query(text, [...values]), doing);
      return (Array.isArray(result) ? result.flatMap((one: pg.QueryResult) => one.rows) : result.rows) as readonly R[];
    },
    copy: (text, file, doing) => guarded(pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), client.query(from(text))), doing),
    close: async () => {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, 1_000);
      await Promise.race([client.end().catch(() => undefined), late.promise]);
      clearTimeout(timer);
      end();
    },
    abandon: (reason) => {
      reject(reason);
      end();
    },
  };
}

function checkServer(server: ServerFacts | undefined, place: Place): asserts server is ServerFacts {
  if (server === undefined) throw unreachable(place, "connecting", "gave no answer");
  const unfit = unfitServer(server, place);
  if (unfit !== null) throw new AssayError("SINK_FAILED", unfit.message, { hint: unfit.hint });
}
