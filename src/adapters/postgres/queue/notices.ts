import { setTimeout } from "node:timers/promises";
import pg from "pg";
import type { EngineSql } from "../../../ports/engine-sql.ts";

/** `work`: something can be taken · `done`: a job is through · `cancel`: a job is to end. */
export type Notice = { readonly kind: "work" } | { readonly kind: "done" | "cancel"; readonly id: string };

/** What processes tell each other, so that nobody has to ask all the time. A notice may be lost: who needs to know asks now and then. */
export interface Notices {
  readonly close: () => Promise<void>;
}

const channelOf = (sql: EngineSql): string => `${sql.schema("assay")}_queue`.slice(-63);

export const noticeSql = (sql: EngineSql): { readonly text: string; readonly values: (notice: Notice) => readonly string[] } => ({
  text: "select pg_notify($1, $2)",
  values: (notice) => [channelOf(sql), "id" in notice ? `${notice.kind} ${notice.id}` : notice.kind],
});

/** Milliseconds between attempts to listen again. */
const pause = 1_000;

/** Listens over a connection of its own, and again when that was lost; `heard` is also called (as `work`) when notices may have been missed. */
export function listen(url: string, sql: EngineSql, heard: (notice: Notice) => void): Notices {
  const ended = new AbortController();
  let client: pg.Client | null = null;
  const once = async (): Promise<void> => {
    const lost = Promise.withResolvers<void>();
    const connection = new pg.Client({ connectionString: url, keepAlive: true, fallback_application_name: "assay queue" });
    client = connection;
    connection.on("error", () => lost.resolve());
    connection.on("end", () => lost.resolve());
    connection.on("notification", ({ payload = "" }) => {
      const notice = noticeOf(payload);
      if (notice !== null) heard(notice);
    });
    try {
      await connection.connect();
      await connection.query(`listen ${pg.escapeIdentifier(channelOf(sql))}`);
      heard({ kind: "work" });
      await lost.promise;
    } finally {
      await connection.end().catch(() => undefined);
    }
  };
  const keepOn = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      // Whoever waits for a notice asks by itself too; without a server every other call says so.
      await once().catch(() => undefined);
      await setTimeout(pause, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  const done = keepOn();
  return {
    close: async () => {
      ended.abort();
      await client?.end().catch(() => undefined);
      await done;
    },
  };
}

function noticeOf(payload: string): Notice | null {
  const [kind, id = ""] = payload.split(" ");
  if (kind === "work") return { kind };
  return kind === "done" || kind === "cancel" ? { kind, id } : null;
}
