import type { ModelTable } from "../compile/manifest.ts";
import { picked } from "../compile/params.ts";
import { quoteIdentifier, quoteTable } from "../define/quote.ts";
import type { Session } from "../ports/engine.ts";
import type { RemovedRows, UpstreamLedger } from "../terms.ts";
import { countOf, oneRow, type Run } from "./context.ts";
import { noFacts, type StepFacts } from "./step-result.ts";

/** Where every row went. */
export async function ledgerOf(
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
