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
 * Throws PROJECT_LOCKED, also where what had it comes to its end while this one waits: of two runs that are started together one is made.
 */
export async function takeRunLock(session: Session, command: string, place: string): Promise<void> {
  const text = `${command}, process ${process.pid}`.slice(0, 63);
  await session.execute({ text: `set application_name = ${quoteText(text)}` });
  const deadline = performance.now() + patience.all;
  let met: string | undefined;
  for (;;) {
    const [row] = await session.query({ text: `select pg_try_advisory_lock(${lockKey(session.sql)}) as taken` });
    if (row?.taken === true) {
      if (met === undefined || (await wasKilled(session))) return;
      throw locked(place, `were in use by ${met}, which has ended meanwhile`);
    }
    met = (await holder(session)) ?? met ?? "another process";
    if (performance.now() > deadline) throw locked(place, `are in use by ${met}`);
    await setTimeout(patience.pause);
  }
}

/** Is the last run one that never came to its end? Only for who has the lock: nothing runs. */
async function wasKilled(session: Session): Promise<boolean> {
  const runs = session.sql.table("assay.runs");
  const [present] = await session.query({ text: `select to_regclass(${quoteText(runs)}) is not null as there` });
  if (present?.there !== true) return true;
  const [last] = await session.query({ text: `select status from ${runs} order by started_at desc, run_id desc limit 1` });
  return last === undefined || last.status === "running";
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

function locked(place: string, why: string): AssayError {
  return new AssayError("PROJECT_LOCKED", `the environment's schemas in ${place} ${why}`, {
    hint: "wait until it has finished, then try again; two runs never change one environment at once",
  });
}
