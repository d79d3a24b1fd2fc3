import type { Row, Session } from "../../ports/engine.ts";
import type { ErrorReport, StepAttempt } from "../../terms.ts";
import { attemptRows } from "./state-rows.ts";

export async function recordAttempt(session: Session, run_id: string, step: string, attempt: StepAttempt): Promise<void> {
  const error = attempt.error === null ? null : JSON.stringify(attempt.error);
  await session.insert(attemptRows, [{ ...attempt, run_id, step, error }]);
}

/** Attempts of a run's steps, by step. */
export async function readAttempts(session: Session, run_id: string): Promise<ReadonlyMap<string, readonly StepAttempt[]>> {
  // A database of an older version may be opened for reading, which does not migrate it.
  const [version] = await session.query({ text: `select max(version) as version from ${session.sql.table("assay.state_version")}` });
  if (Number(version?.version) < 3) return new Map();
  const rows = await session.query({
    text: `select * from ${session.sql.table("assay.attempts")} where run_id = $run_id order by step, attempt`,
    params: { run_id },
  });
  const steps = Map.groupBy(rows, (row) => String(row.step));
  return new Map([...steps].map(([step, found]) => [step, found.map(attemptOf)] as const));
}

const attemptOf = (row: Row): StepAttempt => ({
  attempt: Number(row.attempt),
  status: row.status as StepAttempt["status"],
  started_at: String(row.started_at),
  finished_at: String(row.finished_at),
  error: row.error === null ? null : (JSON.parse(String(row.error)) as ErrorReport),
  retry_in_ms: row.retry_in_ms === null ? null : Number(row.retry_in_ms),
});
