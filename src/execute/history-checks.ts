import type { ManifestTable } from "../compile/manifest.ts";
import type { Check } from "../define/check.ts";
import { parseDuration } from "../define/duration.ts";
import { quoteIdentifier, quoteText } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { Session } from "../ports/engine.ts";
import type { Metric, PastMetrics } from "../ports/state-store.ts";
import { countOf, isoTime, type Run } from "./context.ts";
import { type ExpectedRange, expectedRange, type PastValue } from "./drift.ts";

/** What checks compare a table with besides its rows: the run's time and the metrics of earlier publications. */
export interface CheckHistory {
  /** ms since 1970. */
  readonly now: number;
  /** Oldest first. */
  readonly past: readonly PastMetrics[];
}

/** The part of a check's subject that counts here. */
interface Subject {
  readonly columns: readonly ContractColumn[];
  readonly checks: readonly Check[];
  readonly history: CheckHistory;
}

type HistoryCheck = Check & { readonly kind: "row_count_drift" | "null_share_drift" | "freshness" };
type DriftCheck = Exclude<HistoryCheck, { readonly kind: "freshness" }>;
type Scan = Readonly<Record<string, unknown>>;

interface Finding {
  readonly failures: 0 | 1;
  /** Also says, of a check that passed, why there was nothing to compare. */
  readonly message: string | null;
}

const isDrift = (check: Check): check is DriftCheck => check.kind === "row_count_drift" || check.kind === "null_share_drift";

/** The history a table's checks need. */
export async function checkHistory(run: Run, session: Session, table: Pick<ManifestTable, "name" | "checks">): Promise<CheckHistory> {
  return { now: run.clock(), past: table.checks.some(isDrift) ? await run.store.readMetrics(session, table.name) : [] };
}

/** What the checks' scan has to measure besides, as columns of its SELECT. */
export function historyMeasures(subject: Subject): readonly string[] {
  return subject.checks.flatMap((check, index) => {
    if (check.kind === "null_share_drift") return [`count(*) - count(${quoteIdentifier(check.column)}) as nulls_${index}`];
    if (check.kind !== "freshness") return [];
    const column = quoteIdentifier(check.column);
    const now = `timestamp ${quoteText(isoTime(subject.history.now).replace("Z", ""))}`;
    // A date stands for its whole day. One row from the future must not hide that nothing came since.
    const until = isDate(subject, check.column) ? `${column} + interval '1 day'` : column;
    const newest = (value: string): string => `(max(${value}) filter (where ${column} <= ${now} and isfinite(${column})))`;
    return [`cast(${newest(column)} as varchar) as newest_${index}`, `extract(epoch from ${newest(until)}) * 1000 as newest_ms_${index}`];
  });
}

const isDate = (subject: Subject, name: string): boolean =>
  subject.columns.some((column) => column.name.toLowerCase() === name.toLowerCase() && column.type.kind === "date");

/** The measures later publications will be compared with; none where no check compares. */
export function metricsOf(subject: Subject, scan: Scan): readonly Metric[] {
  if (!subject.checks.some(isDrift)) return [];
  const nulls = subject.checks.flatMap((check, index): readonly Metric[] =>
    check.kind === "null_share_drift" ? [{ metric: "null_count", column: check.column, value: countOf(scan[`nulls_${index}`]) }] : [],
  );
  const once = nulls.filter((metric, index) => nulls.findIndex((other) => other.column === metric.column) === index);
  return [{ metric: "row_count", column: null, value: countOf(scan.rows) }, ...once];
}

export function historyFinding(subject: Subject, check: HistoryCheck, scan: Scan): Finding {
  const index = subject.checks.indexOf(check);
  if (check.kind === "freshness") return freshness(subject, check, scan, index);
  const { now, past } = subject.history;
  const rows = countOf(scan.rows);
  if (check.kind === "row_count_drift") {
    const values = past.map(({ at, metrics }) => ({ at: Date.parse(at), value: countIn(metrics, null) ?? 0 }));
    const range = expectedRange(values, now, check, { relative: true, most: Number.POSITIVE_INFINITY, floor: 1 });
    return finding(check, range, values.length, rows, (value) => `${Math.round(value)}`, `${rows} rows`);
  }
  if (rows === 0) return { failures: 0, message: "the table has no rows, so no share of nulls" };
  const values = past.flatMap(({ at, metrics }): readonly PastValue[] => {
    const all = countIn(metrics, null) ?? 0;
    const absent = countIn(metrics, check.column);
    return all === 0 || absent === null ? [] : [{ at: Date.parse(at), value: absent / all }];
  });
  const share = countOf(scan[`nulls_${index}`]) / rows;
  const range = expectedRange(values, now, check, { relative: false, most: 1, floor: 0 });
  return finding(check, range, values.length, share, percent, `${percent(share)} of ${check.column} is null`);
}

const countIn = (metrics: readonly Metric[], column: string | null): number | null =>
  metrics.find((item) => item.column === column)?.value ?? null;

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

function finding(
  check: DriftCheck,
  range: ExpectedRange | null,
  known: number,
  value: number,
  shown: (value: number) => string,
  says: string,
): Finding {
  if (range === null) return { failures: 0, message: `not enough history: ${known} of ${check.minHistory} publications` };
  if (value >= range.low && value <= range.high) return { failures: 0, message: null };
  const most = range.high === Number.POSITIVE_INFINITY ? "or more" : `to ${shown(range.high)}`;
  const compared = `${range.compared} earlier publications${range.sameWeekday ? " of the same weekday" : ""}`;
  return { failures: 1, message: `${says}, expected ${shown(range.low)} ${most} (from ${compared})` };
}

function freshness(subject: Subject, check: HistoryCheck & { readonly kind: "freshness" }, scan: Scan, index: number): Finding {
  const newest = scan[`newest_ms_${index}`];
  if (newest === null || newest === undefined) return { failures: 1, message: `${check.column} has no value up to the run's time` };
  const age = subject.history.now - Number(newest);
  if (age <= (parseDuration(check.maxAge) ?? 0)) return { failures: 0, message: null };
  const sensitive = subject.columns.some((column) => column.name.toLowerCase() === check.column.toLowerCase() && column.sensitive);
  const shown = sensitive ? "***" : String(scan[`newest_${index}`]);
  return { failures: 1, message: `the newest ${check.column} is ${shown}: ${ageText(age)} old, allowed is ${check.maxAge}` };
}

/** `3 days 4 h`, `5 h 10 min`, `2 min`. */
function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  if (days > 0) return `${days} ${days === 1 ? "day" : "days"}${hours === 0 ? "" : ` ${hours} h`}`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
