import type { ModelTable } from "../compile/manifest.ts";
import { describedColumns } from "../define/column-type.ts";
import { deferredFrom } from "../plan/against.ts";
import type { Step } from "../plan/plan.ts";
import type { Candidate, Session, Statement } from "../ports/engine.ts";
import type { BuildCost } from "../ports/state-store.ts";
import type { RowChanges, StepResult } from "../terms.ts";
import { runChecks } from "./checks.ts";
import { commitTable, type ReadyTable, remember } from "./commit-table.ts";
import { countOf, oneRow, paramsOf, type Run } from "./context.ts";
import { divertRows, dropDiverted, throwOnDiverted } from "./divert-rows.ts";
import { explained } from "./explain-grain.ts";
import { freezeViews } from "./freeze-views.ts";
import { checkHistory } from "./history-checks.ts";
import { ledgerOf } from "./model-ledger.ts";
import { compareByKey, countChanges, dropDifference, forgetChanges, recordChanges } from "./row-changes.ts";
import { buildError, throwOnFailure } from "./step-failure.ts";

/** More differing keys than this share of the table are not recorded one by one. */
const recordedShare = 0.1;

/**
 * Builds a model from its whole definition: candidate, ledger, checks, publish and run record in one transaction. Until it commits nobody
 * sees anything; if anything fails the old table stands. Rows equal to those published before are no new version.
 */
export async function buildInFull(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  definition: FullDefinition = ownSelect(run, table),
): Promise<StepResult> {
  const started = run.clock();
  const params = paramsOf(run, table);
  const isView = table.materialize.kind === "view";
  const isReplay = step.action === "run" && step.reason === "replay";
  const committed = await session.transaction(async () => {
    await definition.prepare();
    const candidate: Candidate = {
      table: table.name,
      materialization: isView ? "view" : "table",
      select: definition.select,
      columns: table.columns,
      key: table.grain,
      indexes: table.indexes,
      description: table.description,
    };
    const relation = await run.engine.buildCandidate(session, candidate).catch((error: unknown) => {
      throw buildError(run, table, error);
    });
    const built = run.clock() - started;
    const diverted = await divertRows(session, table, relation, { touched: null, closedAs: isReplay ? "replayed" : "superseded" });
    const { name, columns, grain, checks, orphans } = table;
    const history = await checkHistory(run, session, table);
    const subject = { table: name, relation, columns, grain, checks, orphans, present: new Set<string>(), part: null, history };
    const report = await runChecks(run.engine, session, subject);
    const results = await explained(run, session, table, relation, report);
    const ledger = await ledgerOf(run, session, table, diverted.all, diverted.made ?? report.rows, params);
    const facts = {
      ...ledger,
      rows_out: report.rows,
      quarantined: diverted.rows,
      checks: [...results, ...diverted.results],
      conserved: report.conserved,
      notes: definition.notes(),
    };
    await throwOnDiverted(session, table, { quarantined: diverted.rows, published: report.rows }, facts);
    throwOnFailure(table, facts);
    const difference =
      isView || (step.action === "run" && step.reason === "forced")
        ? newVersion
        : await differenceOf(run, session, table, relation, report.rows);
    if (difference.kind === "none" && sameDefinition(run, table)) await run.engine.discard(session, candidate);
    else {
      await freezeViews(run, table.name);
      await run.engine.publish(session, candidate);
    }
    const ready: ReadyTable = {
      started,
      rows: report.rows,
      kind: difference.kind,
      facts: { ...facts, changes: difference.changes },
      content: difference.content,
      cost: await costOf(run, session, table, built + ((await definition.earlier?.()) ?? 0)),
      ingest: null,
      metrics: report.metrics,
      moreInputs: definition.moreInputs,
      ...(definition.finish === undefined ? {} : { gathered: true }),
      ...diverted.record,
    };
    const done = await commitTable(run, session, step, position, table, ready);
    if (difference.kind === "changes") {
      await recordChanges(session, table, done.publication.version);
      await dropDifference(session);
    }
    if (difference.kind === "reset") await forgetChanges(run, session, name);
    if (diverted.record.diverted !== undefined) await dropDiverted(session);
    await definition.finish?.();
    return done;
  });
  remember(run, committed);
  return committed.result;
}

/** The query that makes a whole table. */
export interface FullDefinition {
  readonly select: Statement;
  /** Runs first, in the same transaction. */
  readonly prepare: () => Promise<void>;
  /** Milliseconds that steps before this one have worked on it. */
  readonly earlier?: () => Promise<number>;
  /** Of rows that were made in chunks: takes them away; runs last, in the same transaction. */
  readonly finish?: () => Promise<void>;
  readonly notes: () => readonly string[];
  readonly moreInputs: Readonly<Record<string, string>>;
}

/** The model's own SQL. */
export const ownSelect = (run: Run, table: ModelTable, notes: readonly string[] = []): FullDefinition => ({
  select: { text: table.select, params: paramsOf(run, table) },
  prepare: async () => undefined,
  notes: () => notes,
  moreInputs: {},
});

interface Difference {
  readonly kind: ReadyTable["kind"];
  readonly changes: RowChanges | null;
  readonly content: string | null;
}

const newVersion: Difference = { kind: "reset", changes: null, content: null };

const sameDefinition = (run: Run, table: ModelTable): boolean => run.publications.get(table.name)?.fingerprint === table.fingerprint;

/** How the candidate differs from what is published. Its rows are compared one by one only where a model follows them. */
async function differenceOf(run: Run, session: Session, table: ModelTable, relation: string, rows: number): Promise<Difference> {
  const before = run.publications.get(table.name);
  if (before === undefined || deferredFrom(before) !== null) return newVersion;
  const published = session.sql.table(table.name);
  if (!sameDefinition(run, table) && !(await sameColumns(session, published, relation))) return newVersion;
  const hash = async (from: string): Promise<string> =>
    String(
      (await oneRow(session, `select ${run.engine.contentHash(describedColumns(table.columns))} as content from ${from} as compared`))
        .content,
    );
  const content = await hash(relation);
  if (rows === before.rows && content === (before.content ?? (await hash(published)))) return { kind: "none", changes: null, content };
  if (!table.tracked) return { ...newVersion, content };
  const limit = run.alwaysRefresh ? rows + before.rows : Math.ceil(Math.max(rows, before.rows) * recordedShare);
  if (!(await compareByKey(session, table, published, relation, limit))) return { ...newVersion, content };
  const { inserted, updated, deleted } = await countChanges(session, table);
  return { kind: "changes", changes: { inserted, updated, deleted }, content };
}

async function sameColumns(session: Session, published: string, candidate: string): Promise<boolean> {
  const shape = async (relation: string): Promise<string> => JSON.stringify(await session.describe(`select * from ${relation}`));
  return (await shape(published)) === (await shape(candidate));
}

/** Measured for tables that may be refreshed instead next time. */
async function costOf(run: Run, session: Session, table: ModelTable, milliseconds: number): Promise<BuildCost | null> {
  if (table.incremental === null) return null;
  const values = await oneRow(
    session,
    `select ${session.sql.distinctValues(table.incremental.by)} as by_values from ${session.sql.table(table.name)}`,
  );
  const rowsIn = table.upstreams.reduce((sum, name) => sum + (run.publications.get(name)?.rows ?? 0), 0);
  return { full_ms: Math.round(milliseconds), rows_in: rowsIn, by_values: countOf(values.by_values) };
}
