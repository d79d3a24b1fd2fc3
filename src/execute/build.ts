import type { ModelTable } from "../compile/manifest.ts";
import { picked } from "../compile/params.ts";
import { quoteIdentifier, quoteTable } from "../define/quote.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { Candidate, Session } from "../ports/engine.ts";
import type { CheckResult, RemovedRows, StepResult, UpstreamLedger } from "../terms.ts";
import { type CheckReport, runChecks } from "./checks.ts";
import { countOf, inputsOf, isoTime, newPublication, oneRow, paramsOf, type Run } from "./context.ts";
import { engineMessage } from "./engine-message.ts";
import { explainGrain } from "./explain-grain.ts";
import { noFacts, type StepFacts, StepFailure, stepResult } from "./step-result.ts";

/**
 * Builds a model: candidate, ledger, checks, publish and run record in one transaction. Until it commits nobody sees anything;
 * if anything fails the old table stands.
 */
export async function buildModel(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  const started = run.clock();
  const params = paramsOf(run, table);
  const candidate: Candidate = {
    table: table.name,
    materialization: table.materialize.kind === "view" ? "view" : "table",
    select: { text: table.select, params },
    columns: table.columns,
  };
  const publication = await session.transaction(async () => {
    const relation = await run.engine.buildCandidate(session, candidate).catch((error: unknown) => {
      throw buildError(run, table, error);
    });
    const { name, columns, grain } = table;
    const report = await runChecks(run.engine, session, {
      table: name,
      relation,
      columns,
      grain,
      checks: table.checks,
      present: new Set(),
    });
    const checks = await explained(run, session, table, relation, report);
    const facts = { ...(await ledgerOf(run, session, table, relation, report.rows, params)), checks, conserved: report.conserved };
    throwOnFailure(table, facts);
    await run.engine.publish(session, candidate);
    const result = stepResult(step, "succeeded", facts, run.clock() - started, null);
    const finished = isoTime(run.clock());
    const { fingerprint } = table;
    const made = newPublication(
      run,
      { subject: name, fingerprint, inputs: inputsOf(run, table), params, rows: report.rows },
      true,
      finished,
    );
    await run.store.recordStep(session, {
      run_id: run.runId,
      position,
      result,
      finished_at: finished,
      publication: made,
      commit: null,
      ingest: null,
    });
    return { made, result };
  });
  run.publications.set(table.name, publication.made);
  return publication.result;
}

/** Adds to a failed grain check the join that multiplies rows. */
async function explained(
  run: Run,
  session: Session,
  table: ModelTable,
  relation: string,
  report: CheckReport,
): Promise<readonly CheckResult[]> {
  const failed = report.results.find((result) => result.check === "grain" && result.failures > 0);
  if (failed === undefined || table.grain.length === 0) return report.results;
  const cause = await explainGrain(run, session, table, relation);
  if (cause === null) return report.results;
  return report.results.map((result) => (result === failed ? { ...result, message: `${result.message}. ${cause}` } : result));
}

/** Where every row went. */
async function ledgerOf(
  run: Run,
  session: Session,
  table: ModelTable,
  relation: string,
  rows: number,
  params: Run["params"],
): Promise<StepFacts> {
  const { ledger } = table;
  const measured = ledger.measure === null ? null : await oneRow(session, ledger.measure, picked(params, ledger.params));
  const matched = await matchedRows(session, ledger, relation);
  const upstreams = ledger.upstreams.map(({ table: upstream, used }, index): UpstreamLedger => {
    const read = run.publications.get(upstream)?.rows ?? 0;
    switch (used.kind) {
      case "all":
        return { table: upstream, read, used: read };
      case "rows":
        return { table: upstream, read, used: rows };
      case "matched":
        return { table: upstream, read, used: countOrNull(matched[`matched_${index}`]) };
      case "measured":
        return { table: upstream, read, used: countOf(measured?.[used.column]) };
      case "unknown":
        return { table: upstream, read, used: null };
      default:
        return used satisfies never;
    }
  });
  if (ledger.keeps === null) return { ...noFacts, rows_out: rows, upstreams };
  const rowsIn = run.publications.get(ledger.keeps)?.rows ?? 0;
  const joined = measured === null ? rowsIn : countOf(measured.joined);
  const passed = measured === null ? rowsIn : countOf(measured.passed);
  const removed: RemovedRows[] = [];
  if (ledger.where !== null) removed.push({ rule: ledger.where, rows: joined - passed });
  if (ledger.thenRemovedBy !== null) removed.push({ rule: ledger.thenRemovedBy, rows: passed - rows });
  return { ...noFacts, rows_in: rowsIn, rows_out: rows, removed_by: removed, upstreams };
}

const countOrNull = (value: unknown): number | null => (value === null ? null : countOf(value));

/** Rows of upstreams whose key stands in the result, in one query. */
async function matchedRows(session: Session, ledger: ModelTable["ledger"], relation: string): Promise<Readonly<Record<string, unknown>>> {
  const counts = ledger.upstreams.flatMap(({ table, used }, index) => {
    if (used.kind !== "matched") return [];
    const match = used.keys
      .map(({ column, output }) => `result.${quoteIdentifier(output)} = upstream.${quoteIdentifier(column)}`)
      .join(" and ");
    const rows = `${quoteTable(table)} as upstream where exists (select 1 from ${relation} as result where ${match})`;
    const taken = used.keys.flatMap(({ column, absent }) => (absent === null ? [] : [`${quoteIdentifier(column)} = ${absent}`]));
    if (taken.length === 0) return [`(select count(*) from ${rows}) as matched_${index}`];
    const doubt = `exists (select 1 from ${quoteTable(table)} where ${taken.join(" or ")})`;
    return [`(case when ${doubt} then null else (select count(*) from ${rows}) end) as matched_${index}`];
  });
  return counts.length === 0 ? {} : oneRow(session, `select ${counts.join(", ")}`);
}

/** Raises a failed check, or rows that do not add up. */
export function throwOnFailure(table: { readonly name: string; readonly location: ModelTable["location"] }, facts: StepFacts): void {
  const failed = facts.checks.filter((check) => check.status === "failed");
  const [first] = failed;
  if (first !== undefined) {
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    const what = `${table.name}: check ${first.check}${first.column === null ? "" : ` (${first.column})`} failed: ${first.message}${more}`;
    throw new StepFailure(
      new AssayError("CHECK_FAILED", what, { hint: hintFor(first.check, table.name), location: table.location }),
      facts,
    );
  }
  if (facts.rows_in === null) return;
  const removed = facts.removed_by.reduce((sum, item) => sum + item.rows, 0);
  if (facts.rows_in === (facts.rows_out ?? 0) + facts.quarantined + removed) return;
  const sum = `${facts.rows_in} rows came in, ${facts.rows_out} were published, ${facts.quarantined} quarantined, ${removed} removed`;
  throw new StepFailure(
    new AssayError("LEDGER_UNBALANCED", `${table.name}: the ledger does not balance: ${sum}`, {
      hint: "rows were lost or multiplied; what was published before stands",
      location: table.location,
    }),
    facts,
  );
}

function hintFor(check: string, table: string): string {
  if (check === "grain" && table.startsWith("bronze."))
    return "the source holds rows with the same key: correct the files, or declare the key the rows really have; what was published before stands";
  if (check === "grain")
    return "aggregate or pick one row of the multiplying table before joining it, or declare the grain the rows really have";
  if (check === "conserves") return "a join multiplies or loses rows of the measure: build it at the measure's own grain";
  return "correct the data or the rule; what was published before stands";
}

function buildError(run: Run, table: ModelTable, error: unknown): AssayError {
  if (error instanceof AssayError) return error;
  return new AssayError("BUILD_FAILED", `${table.name}: ${engineMessage(error, table, run.manifest)}`, {
    hint: "the SQL is valid but failed on these rows; what was published before stands",
    location: table.location,
    cause: error,
  });
}
