import { setTimeout } from "node:timers/promises";
import { quoteText } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";

/** Milliseconds: a killed process's connection, and its lock, are gone soon after. */
const patience = { pause: 250, all: 3_000 } as const;

const lockKey = (sql: EngineSql): string => `hashtextextended(${quoteText(`${sql.schema("assay")} owner`)}, 0)`;

/**
 * Takes the environment's lock for as long as the session lives; only one session has it. The command is shown to those that ask who it is.
 * Throws PROJECT_LOCKED.
 */
export async function takeRunLock(session: Session, command: string, place: string): Promise<void> {
  const text = `${command}, process ${process.pid}`.slice(0, 63);
  await session.execute({ text: `set application_name = ${quoteText(text)}` });
  const deadline = performance.now() + patience.all;
  for (;;) {
    const [row] = await session.query({ text: `select pg_try_advisory_lock(${lockKey(session.sql)}) as taken` });
    if (row?.taken === true) return;
    if (performance.now() > deadline) throw locked(place, await holder(session));
    await setTimeout(patience.pause);
  }
}

/** Whether another session has the environment's lock. */
export async function isRunLocked(session: Session): Promise<boolean> {
  return (await holder(session)) !== null;
}

/** Who has the lock, in words; null: nobody. */
async function holder(session: Session): Promise<string | null> {
  const [row] = await session.query({
    text: `select a.application_name as command, coalesce(host(a.client_addr), 'the server') as host, a.usename as role,
        to_char(a.backend_start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
      from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid <> pg_backend_pid()
        and l.database = (select oid from pg_database where datname = current_database())
        and (l.classid::bigint << 32) | l.objid::bigint = ${lockKey(session.sql)}`,
  });
  if (row === undefined) return null;
  // The server tells no more of another user's sessions.
  const more = row.since === null ? "" : `, from ${row.host}, since ${row.since}`;
  return `${row.command === "" ? "another process" : row.command} (user ${row.role}${more})`;
}

function locked(place: string, who: string | null): AssayError {
  return new AssayError("PROJECT_LOCKED", `the environment's schemas in ${place} are in use by ${who ?? "another process"}`, {
    hint: "wait until it has finished, then try again; two runs never change one environment at once",
  });
}
