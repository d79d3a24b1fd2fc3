import type { ManifestTable, ModelTable } from "../compile/manifest.ts";
import { parseColumnType } from "../define/column-type.ts";
import { columnList } from "../define/quote.ts";
import { deferredInputs } from "../plan/against.ts";
import type { Step } from "../plan/plan.ts";
import { type Candidate, evolvedTable, type Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { commitOf, remember } from "./commit-table.ts";
import { isoTime, newPublication, type Run } from "./context.ts";
import type { DeferredEnvironment } from "./deferred-environment.ts";
import { asPublished, freezeViews } from "./freeze-views.ts";
import { forgetChanges } from "./row-changes.ts";
import { shapeInput } from "./snapshot.ts";
import { snapshotTable, versionsTable } from "./snapshot-select.ts";
import { noFacts, stepResult } from "./step-result.ts";

/** Makes a table readable from the other environment under its own name; no row is copied, but for the versions of a snapshot. */
export async function deferTable(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ManifestTable,
  from: DeferredEnvironment,
): Promise<StepResult> {
  const started = run.clock();
  const deferral = from.deferrals.get(table.name);
  if (deferral === undefined) throw new Error(`${table.name} is not published where it is to be read from`);
  const { publication: origin } = deferral;
  const committed = await session.transaction(async () => {
    await freezeViews(run, table.name);
    const known = table.kind === "model" && table.materialize.kind === "snapshot" ? await takeVersions(session, table, from) : {};
    await showTable(run, session, table, from);
    await forgetChanges(run, session, table.name);
    const finished = isoTime(run.clock());
    const { fingerprint, params, rows } = origin;
    const inputs = deferredInputs(deferral, known);
    const publication = newPublication(run, { subject: table.name, fingerprint, inputs, params, rows }, true, finished);
    const result = stepResult(step, "succeeded", { ...noFacts, rows_out: rows }, run.clock() - started, null);
    const commit = commitOf(table, publication, { kind: "reset", changes: null });
    await run.store.recordStep(session, {
      run_id: run.runId,
      position,
      result,
      finished_at: finished,
      publication,
      replaces: run.publications.has(table.name),
      commit,
      // It has no files and no rows in quarantine of its own any more.
      ingest: { current: [], quarantined: [] },
    });
    return { publication, commits: [commit], result };
  });
  remember(run, committed);
  return committed.result;
}

async function showTable(run: Run, session: Session, table: ManifestTable, from: DeferredEnvironment): Promise<void> {
  const { name, description } = table;
  const isView = table.kind === "bronze" ? table.load !== "merge" : table.materialize.kind === "view";
  if (table.kind === "bronze" && isView && !from.reader.views)
    return run.engine.publishBronze(session, name, table.columns, from.batchFiles(name));
  if (table.kind === "bronze") await run.engine.drop(session, evolvedTable(name));
  const candidate: Candidate =
    table.kind === "model" && isView && !from.reader.views
      ? { table: name, materialization: "view", select: { text: table.select }, columns: table.columns, key: null, description }
      : await storedTable(session, table, from);
  await run.engine.buildCandidate(session, candidate);
  await run.engine.publish(session, candidate);
}

/** Its columns are those it has there: a table that is about to change may have others here. */
async function storedTable(session: Session, { name: table, description }: ManifestTable, from: DeferredEnvironment): Promise<Candidate> {
  const relation = await from.reader.relation(session, table);
  const found = await session.describe(`select * from ${relation} as deferred`);
  const text = `select ${columnList(found.map((column) => column.name))} from ${relation} as deferred`;
  const columns = found.map((column) => asPublished(column.name, parseColumnType(column.type) ?? { kind: "varchar" }));
  return { table, materialization: "view", select: { text }, columns, key: null, description };
}

/** A snapshot goes on from every version that is kept there. */
async function takeVersions(session: Session, table: ModelTable, from: DeferredEnvironment): Promise<Readonly<Record<string, string>>> {
  const shape = from.deferrals.get(table.name)?.publication.inputs[shapeInput];
  await session.execute({ text: `drop table if exists ${versionsTable(session.sql, table.name)}` });
  if (shape === undefined || !from.changed.has(table.name)) return {};
  const { versions } = snapshotTable(session.sql, table);
  const kept = await from.reader.relation(session, `assay_versions.${table.name}`);
  await session.execute({ text: `create table ${versions} as select * from ${kept} as kept` });
  return { [shapeInput]: shape };
}
