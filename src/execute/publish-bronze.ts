import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import { lakeInput } from "../plan/plan-run.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { bronzeDifference, type TableDifference } from "./bronze-difference.ts";
import { type ChangedPart, type CheckReport, runChecks } from "./checks.ts";
import { commitTable, remember } from "./commit-table.ts";
import type { Run } from "./context.ts";
import { countRules, divertedFromBronze } from "./diverted-results.ts";
import { freezeViews } from "./freeze-views.ts";
import { checkHistory } from "./history-checks.ts";
import type { Ingested } from "./ingested.ts";
import { mergeFiles } from "./merge-files.ts";
import { changedPart, dropDifference, forgetChanges, recordChanges } from "./row-changes.ts";
import { evolvedContract } from "./source-schema.ts";
import { throwOnFailure } from "./step-failure.ts";
import type { StepFacts } from "./step-result.ts";

/**
 * Makes landed files the table: with `merge` its rows change in place, else it is a view over the files that count now. Checks, run record,
 * row changes and quarantine become visible in the same transaction.
 */
export async function publishBronze(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: BronzeTable,
  ingested: Ingested,
): Promise<StepResult> {
  const committed = await session.transaction(async () => {
    const { difference, report, relation } =
      table.load === "merge" ? await merged(run, session, table, ingested) : await viewed(run, session, table, ingested);
    const open = ingested.rows.filter((row) => row.state === "open");
    const diverted = await divertedFromBronze(session, relation, table.checks, countRules(open, ingested.replicas));
    const { facts } = ingested;
    const complete: StepFacts = {
      ...facts,
      rows_out: facts.rows_out === null ? null : facts.rows_out - difference.repeated,
      removed_by: [
        ...facts.removed_by,
        ...(difference.repeated === 0 ? [] : [{ rule: "the same row twice in a file", rows: difference.repeated }]),
      ],
      changes: difference.changes,
      checks: [...report.results, ...diverted],
      conserved: report.conserved,
    };
    throwOnFailure(table, complete);
    const done = await commitTable(run, session, step, position, table, {
      started: ingested.started,
      rows: report.rows,
      kind: difference.kind,
      facts: complete,
      content: null,
      cost: null,
      ingest: {
        current: ingested.current,
        quarantined: ingested.rows,
        evolved: ingested.evolved.changed,
        extracted: table.chunks !== undefined,
      },
      metrics: report.metrics,
      moreInputs: { [lakeInput]: run.lake.absolute("") },
    });
    if (difference.kind === "changes" && table.tracked) await recordChanges(session, table, done.publication.version);
    if (difference.kind === "changes") await dropDifference(session);
    if (difference.kind === "reset") await forgetChanges(run, session, table.name);
    return done;
  });
  remember(run, committed);
  return committed.result;
}

interface Published {
  readonly difference: TableDifference;
  readonly report: CheckReport;
  /** What readers will see. */
  readonly relation: string;
}

async function viewed(run: Run, session: Session, table: BronzeTable, ingested: Ingested): Promise<Published> {
  const files = ingested.current.filter((file) => file.files !== "").map((file) => run.lake.absolute(file.files));
  const relation = await run.engine.batchRows(session, table, files);
  const report = await check(run, session, table, relation, null);
  if (table.chunks !== undefined) requireAll(table, ingested, report.rows);
  const difference = await bronzeDifference(run, session, table, ingested, report.rows);
  if (difference.kind !== "none") await freezeViews(run, table.name);
  await run.engine.publishBronze(session, table.name, table.columns, files, ingested.evolved.columns.map(evolvedContract));
  return { difference, report, relation };
}

async function merged(run: Run, session: Session, table: BronzeTable, ingested: Ingested): Promise<Published> {
  const { difference, relation } = await mergeFiles(run, session, table, ingested);
  const { kind, changes } = difference;
  const part = kind === "changes" && changes !== null ? changedPart(run, table, changes) : null;
  const report = await check(run, session, table, relation, part);
  if (table.chunks !== undefined) await run.engine.dropParts(session, table);
  return { difference, report, relation };
}

/** Rows that came in parts: every row once. */
function requireAll(table: BronzeTable, { current }: Ingested, found: number): void {
  const rows = current.reduce((sum, file) => sum + file.rows, 0);
  if (found === rows) return;
  throw new AssayError("LEDGER_UNBALANCED", `${table.name}: its files have ${rows} rows, but ${found} were loaded`, {
    hint: "run with --full-refresh to read the source again; what was published before stands",
    location: table.location,
  });
}

async function check(run: Run, session: Session, table: BronzeTable, relation: string, part: ChangedPart | null): Promise<CheckReport> {
  return runChecks(run.engine, session, {
    table: table.name,
    relation,
    columns: table.columns,
    grain: table.grain.length === 0 ? null : table.grain,
    checks: table.checks,
    // The door has left out every row without a required value: landFile goes by the statistics of the files it wrote.
    present: new Set(table.columns.filter((column) => !column.nullable).map((column) => column.name)),
    part,
    history: await checkHistory(run, session, table),
  });
}
