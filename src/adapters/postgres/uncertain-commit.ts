import { setTimeout } from "node:timers/promises";
import pg from "pg";
import { AssayError, messageOf } from "../../errors.ts";
import { type Server, serverAt } from "./engine-errors.ts";
import { isUnreachable } from "./errors.ts";

/** A transaction about to be committed, which has written something. */
export interface Commit {
  /** Its number on the server (`xid8`). */
  readonly id: string;
  /** Id of the server's process that works for it. */
  readonly pid: number;
}

/** Milliseconds. */
export interface CommitPatience {
  /** For an answer, in all. */
  readonly all: number;
  /** For a transaction to end by itself; after that its process is told to. */
  readonly end: number;
  /** Between two questions. */
  readonly pause: number;
}

const commitPatience: CommitPatience = { all: 30_000, end: 2_000, pause: 250 };

/** A connection, and the id of the server's process that works for it. */
export interface Line {
  readonly client: pg.Client;
  readonly pid: number;
}

/**
 * Asks for the transaction under way; null: it has written nothing. To be run before COMMIT, not with it: both answers would be lost together.
 */
export const transactionIdSql = "select pg_current_xact_id_if_assigned()::text as id";

/** Can a fault in answer to COMMIT mean that the transaction was committed? The server's refusal cannot, the end of the connection can. */
export const isUncertain = (error: unknown): boolean => !(error instanceof pg.DatabaseError) || isUnreachable(error);

/**
 * What became of a transaction when the answer to its COMMIT was lost: the server is asked over new connections. A transaction that goes on
 * although nobody waits for it any more is ended. Resolves with the connection that got the answer. Throws COMMIT_UNKNOWN when no answer comes.
 */
export async function settleCommit(
  { id, pid }: Commit,
  connect: () => Promise<Line>,
  server: Server,
  patience: CommitPatience = commitPatience,
): Promise<{ readonly outcome: "committed" | "aborted"; readonly line: Line }> {
  const started = performance.now();
  let why = "the transaction goes on";
  for (;;) {
    let line: Line | null = null;
    try {
      line = await connect();
      const { client } = line;
      while (performance.now() - started < patience.all) {
        const status = await statusOf(client, id);
        if (status === "committed" || status === "aborted") return { outcome: status, line };
        if (performance.now() - started > patience.end) await client.query(endSql, [pid, id]);
        await setTimeout(patience.pause);
      }
    } catch (error) {
      why = messageOf(error);
    }
    await line?.client.end().catch(() => undefined);
    if (performance.now() - started > patience.all) throw unknown(server, why);
    await setTimeout(patience.pause);
  }
}

/** `aborted` also for a number that a crashed server has never given, as far as it knows: it knows all that was committed. */
async function statusOf(client: pg.Client, id: string): Promise<string | null> {
  try {
    const { rows } = await client.query<{ status: string | null }>("select pg_xact_status($1::xid8) as status", [id]);
    return rows[0]?.status ?? null;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === "22023") return "aborted";
    throw error;
  }
}

/** Only the process that still works for this very transaction. */
const endSql = "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_xid = $2::xid8::xid";

function unknown(server: Server, why: string): AssayError {
  const message = `${serverAt(server)}: the connection was lost while a transaction was committed, and what became of it cannot be asked: ${why}`;
  return new AssayError("COMMIT_UNKNOWN", message, {
    hint: "run again when the server answers: what was committed is on record together with its step, and is not done twice",
  });
}
