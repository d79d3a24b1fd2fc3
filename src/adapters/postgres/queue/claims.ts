import { AssayError } from "../../../errors.ts";
import type { Session } from "../../../ports/engine.ts";
import type { EngineSql } from "../../../ports/engine-sql.ts";

/**
 * Who has a step of a run, by number: every taking of it counts up. The row is locked from the moment a step goes on record until its
 * transaction ends, so that a step is published by the one who has it, or by the next one, and never by both. Signs of life are kept
 * elsewhere: they would collide with a step's snapshot.
 */
export const createClaims = (sql: EngineSql): string =>
  `create table ${sql.table("assay.claims")} (run_id varchar not null, step varchar not null, claim integer not null, worker varchar not null, claimed_at timestamptz not null default now(), primary key (run_id, step));
`;

export interface ClaimedStep {
  readonly run_id: string;
  readonly step: string;
}

/** Ends what a worker that is gone may still have open: a statement that goes on, locks of a process that is frozen. */
export function endWorkerSql(sql: EngineSql): string {
  return `select pg_terminate_backend(a.pid) from pg_stat_activity a join ${sql.table("assay.claims")} c on a.application_name = c.worker
    where c.run_id = $1 and c.step = $2 and a.datname = current_database() and a.usename = current_user and c.worker <> $3`;
}

/**
 * Takes a step of a run that is under way; returns its claim's number, or null: the run has ended. Waits while the step is being published.
 * It is on disk when the answer comes, whatever the connection's setting: a number that was given is never given again.
 */
export function claimSql(sql: EngineSql): string {
  return `insert into ${sql.table("assay.claims")} as claims (run_id, step, claim, worker)
    select run_id, $2, 1, $3 from ${sql.table("assay.runs")}, set_config('synchronous_commit', 'on', true) where run_id = $1 and status = 'running'
      and not exists (select 1 from ${sql.table("assay.claims")} where run_id = $1 and step = '')
    on conflict (run_id, step) do update set claim = claims.claim + 1, worker = excluded.worker, claimed_at = now() returning claim`;
}

/** Takes a step away from whoever has it, for good. Waits while it is being published. */
export function revokeSql(sql: EngineSql): string {
  return `update ${sql.table("assay.claims")} set claim = claim + 1, worker = ''
    from set_config('synchronous_commit', 'on', true) where run_id = $1 and step = $2`;
}

/**
 * Takes every step of every run away from whoever has it, and lets nobody take one of a run that is not finished by now. Waits for steps that
 * are being published. For who owns the environment, before it reads its state.
 */
export async function revokeAll(session: Session): Promise<void> {
  const claims = session.sql.table("assay.claims");
  const running = `${session.sql.table("assay.runs")} where status = 'running'`;
  await session.execute({
    text: `select pg_terminate_backend(a.pid) from pg_stat_activity a join ${claims} c on a.application_name = c.worker
      where c.run_id in (select run_id from ${running}) and c.worker <> '' and a.datname = current_database() and a.usename = current_user`,
  });
  await session.transaction(() =>
    session.execute({
      text: `lock table ${claims} in exclusive mode; delete from ${claims};
        insert into ${claims} (run_id, step, claim, worker) select run_id, '', 0, '' from ${running}`,
    }),
  );
}

/** Part of a transaction that publishes: throws LEASE_LOST unless the claim still is the step's last one. */
export async function holdClaim(session: Session, step: ClaimedStep, claim: number): Promise<void> {
  const lost = (cause?: unknown): AssayError => leaseLost(step.step, cause);
  if ((await lockedClaim(session, step, "update", lost)) !== claim) throw lost();
}

/** Stands for all of a run among its claims. */
const wholeRun = "*";

/**
 * Claims an environment for a run of who owns it: the owner's lock is gone with its connection, and nobody tells. The result is part of each
 * transaction that publishes: it throws RUN_SUPERSEDED once another owner has taken the claims away, who waits for those under way.
 */
export async function claimRun(session: Session, run_id: string): Promise<(session: Session) => Promise<void>> {
  const insert = `insert into ${session.sql.table("assay.claims")} (run_id, step, claim, worker) values ($run_id, '${wholeRun}', 1, '')`;
  await session.execute({ text: insert, params: { run_id } });
  return (own) => holdRun(own, run_id);
}

async function holdRun(session: Session, run_id: string): Promise<void> {
  const lost = (cause?: unknown): AssayError => superseded(run_id, cause);
  if ((await lockedClaim(session, { run_id, step: wholeRun }, "share", lost)) === null) throw lost();
}

/** The claim's number, its row locked until the transaction ends; null: there is none. Throws `lost` where the row is not as the snapshot has it. */
async function lockedClaim(
  session: Session,
  { run_id, step }: ClaimedStep,
  lock: "update" | "share",
  lost: (cause: unknown) => AssayError,
): Promise<number | null> {
  const text = `select claim from ${session.sql.table("assay.claims")} where run_id = $run_id and step = $step for ${lock}`;
  const [row] = await session.query({ text, params: { run_id, step } }).catch((error: unknown) => {
    // The row has changed, or has gone, since the transaction's snapshot was taken.
    if (error instanceof AssayError && error.code === "ENGINE_BUSY") throw lost(error);
    throw error;
  });
  return row === undefined ? null : Number(row.claim);
}

function superseded(run_id: string, cause?: unknown): AssayError {
  return new AssayError("RUN_SUPERSEDED", `run ${run_id} has lost its environment, and another run has begun`, {
    hint: "the connection that held the environment was ended; nothing more was published: run again",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function leaseLost(step: string, cause?: unknown): AssayError {
  return new AssayError("LEASE_LOST", `${step} was given to another worker, as this one gave no sign of life`, {
    hint: "nothing was published by this one; the other goes on",
    ...(cause === undefined ? {} : { cause }),
  });
}
