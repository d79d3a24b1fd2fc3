import type { ModelTable } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { TouchedValues } from "../terms.ts";
import { runChecks } from "./checks.ts";
import { type Committed, commitTable } from "./commit-table.ts";
import type { Run } from "./context.ts";
import { type Diverted, dropDiverted, throwOnDiverted } from "./divert-rows.ts";
import { dropTouchedRows } from "./divert-touched.ts";
import { explained } from "./explain-grain.ts";
import { freezeViews } from "./freeze-views.ts";
import { checkHistory } from "./history-checks.ts";
import { absentValues } from "./required-values.ts";
import { addedRows, applyDifference, changedPart, countChanges, dropDifference, recordChanges } from "./row-changes.ts";
import { throwOnFailure } from "./step-failure.ts";
import { noFacts, type StepFacts } from "./step-result.ts";

/** What a refresh knows of itself. */
export interface Refreshed {
  readonly started: number;
  readonly touched: TouchedValues | null;
  readonly upstreams: StepFacts["upstreams"];
  readonly notes: readonly string[];
  /** Inputs beyond the versions of what the table depends on. */
  readonly moreInputs: Readonly<Record<string, string>>;
  readonly keepInputs?: boolean;
  /** Rows that rules took out of the part that was made again; null where no such rule looked. */
  readonly diverted?: Diverted | null;
}

/** Changes a published table by the difference, checks the result and commits; within the caller's transaction. */
export async function publishDifference(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  refreshed: Refreshed,
): Promise<Committed> {
  const { inserted, updated, deleted, rows: changed } = await countChanges(session, table);
  if (changed > 0) {
    const absent = await absentValues(session, table, addedRows(table));
    throwOnFailure(table, { ...noFacts, checks: absent, touched: refreshed.touched, upstreams: refreshed.upstreams });
    await freezeViews(run, table.name);
    await applyDifference(session, table);
  }
  const relation = session.sql.table(table.name);
  const { name, columns, grain, checks, orphans } = table;
  const history = await checkHistory(run, session, table);
  // Looked at above, where anything was put in.
  const required = new Set(columns.filter((column) => !column.nullable || grain.includes(column.name)).map((column) => column.name));
  const part = changedPart(run, table, { inserted, updated, deleted });
  const subject = { table: name, relation, columns, grain, checks, orphans, present: required, part, history };
  const report = await runChecks(run.engine, session, subject);
  const { diverted = null } = refreshed;
  const facts: StepFacts = {
    ...noFacts,
    rows_out: report.rows,
    upstreams: refreshed.upstreams,
    quarantined: diverted?.rows ?? 0,
    checks: [...(await explained(run, session, table, relation, report)), ...(diverted?.results ?? [])],
    conserved: report.conserved,
    changes: { inserted, updated, deleted },
    touched: refreshed.touched,
    notes: refreshed.notes,
  };
  throwOnFailure(table, facts);
  const done = await commitTable(run, session, step, position, table, {
    started: refreshed.started,
    rows: report.rows,
    kind: changed === 0 ? "none" : "changes",
    facts,
    content: null,
    cost: run.publications.get(name)?.cost ?? null,
    ingest: null,
    metrics: report.metrics,
    moreInputs: refreshed.moreInputs,
    keepInputs: refreshed.keepInputs ?? false,
    ...diverted?.record,
  });
  if (diverted !== null) {
    // The limit is for the whole table, of which this was a part.
    const { total } = await run.store.readQuarantine(session, { table: name, states: ["open"] }, 0);
    await throwOnDiverted(session, table, { quarantined: total, published: report.rows }, facts);
    await dropDiverted(session);
    await dropTouchedRows(session);
  }
  if (changed > 0 && table.tracked) await recordChanges(session, table, done.publication.version);
  await dropDifference(session);
  return done;
}
