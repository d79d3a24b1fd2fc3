import { AssayError } from "../../../src/errors.ts";
import { randomModel, randomRows, randomTables, randomViews, seededRandom } from "./random-model.ts";
import { type Case, createReplay, type Planned, type Refreshed, type Replay } from "./replay.ts";

/** What a number of random models showed. */
export interface Coverage {
  models: number;
  unbound: number;
  refreshes: number;
  mapped: number;
  full: number;
  skipped: number;
  /** Mapped, and fewer values touched than there are. */
  partial: number;
  /** Mapped, and the table's content changed. */
  changed: number;
  spliced: number;
  /** Builds that the engine could not do. */
  failed: number;
  readonly reasons: Map<string, number>;
  readonly failures: string[];
}

export function emptyCoverage(): Coverage {
  const counts = { models: 0, unbound: 0, refreshes: 0, mapped: 0, full: 0, skipped: 0, partial: 0, changed: 0, spliced: 0, failed: 0 };
  return { ...counts, reasons: new Map(), failures: [] };
}

export const fuzzReplay = (): Promise<Replay> => createReplay(randomTables, randomViews);

/** Runs the random model of a seed and counts what happened. */
export async function fuzzSeed(seed: number, replay: Replay, coverage: Coverage): Promise<void> {
  const random = seededRandom(seed);
  const sql = randomModel(random);
  const outcome = await replay.analyzer.describe(sql, {});
  if ("failure" in outcome) {
    coverage.unbound += 1;
    return;
  }
  const names = outcome.columns.filter((column) => column.type !== "DOUBLE").map((column) => column.name);
  const first = random.chance(0.75) ? (names[0] ?? "") : random.pick(names);
  const second = random.pick(names);
  const by = random.chance(0.25) && second !== first ? [first, second] : [first];
  const planned = await replay.plan({ sql, by });
  if (typeof planned === "string") {
    coverage.unbound += 1;
    return;
  }
  const read = planned.plan.upstreams.map((link) => link.table);
  const item: Case = { sql, by, ...randomRows(random, read) };
  coverage.models += 1;
  const results = await attempt(replay, item, planned);
  if (typeof results === "string") {
    coverage.failed += 1;
    if (!isEngineLimit(results)) coverage.failures.push(`SEED=${seed}\n${sql}\n${results}`);
    return;
  }
  for (const result of results) count(result, coverage);
  const last = results.at(-1);
  if (last !== undefined && last.difference.length > 0) {
    coverage.failures.push(`SEED=${seed}\n${await report(replay, await shrunk(replay, item, planned), planned)}`);
  }
}

async function attempt(replay: Replay, item: Case, planned: Planned): Promise<readonly Refreshed[] | string> {
  try {
    return await replay.run(item, planned);
  } catch (error) {
    if (error instanceof AssayError) throw error;
    return String(error);
  }
}

/** Not the refresh's doing: a scalar subquery of several rows, a value that does not fit a type. */
function isEngineLimit(message: string): boolean {
  return /More than one row returned|out of range|Overflow|Conversion Error/i.test(message);
}

function count(result: Refreshed, coverage: Coverage): void {
  coverage.refreshes += 1;
  coverage[result.how] += 1;
  if (result.how === "mapped" && result.touched < result.values) coverage.partial += 1;
  if (result.changedRows > 0) coverage.changed += 1;
  if (result.spliced) coverage.spliced += 1;
  if (result.reason !== null) {
    const reason = result.reason.replace(/\b(t\d+|bronze\.\w|[a-z]\d?|[a-z]+\.\w+)\b/g, "…");
    coverage.reasons.set(reason, (coverage.reasons.get(reason) ?? 0) + 1);
  }
}

async function differs(replay: Replay, item: Case, planned: Planned): Promise<boolean> {
  const results = await attempt(replay, item, planned);
  return typeof results !== "string" && (results.at(-1)?.difference.length ?? 0) > 0;
}

/** Leaves out rows and changes as long as the difference stays. */
async function shrunk(replay: Replay, start: Case, planned: Planned): Promise<Case> {
  let item = start;
  let smaller: Case | null = item;
  while (smaller !== null) {
    item = smaller;
    smaller = null;
    for (const candidate of smallerCases(item)) {
      if (!(await differs(replay, candidate, planned))) continue;
      smaller = candidate;
      break;
    }
  }
  return item;
}

function* smallerCases(item: Case): Generator<Case> {
  for (const at of item.refreshes.keys()) yield { ...item, refreshes: without(item.refreshes, at) };
  for (const [table, rows] of Object.entries(item.rows)) {
    if (rows.length > 2) yield { ...item, rows: { ...item.rows, [table]: rows.slice(Math.ceil(rows.length / 2)) } };
    for (const at of rows.keys()) yield { ...item, rows: { ...item.rows, [table]: without(rows, at) } };
  }
  for (const [at, commits] of item.refreshes.entries()) {
    for (const [index, commit] of commits.entries()) {
      for (const change of commit.keys()) {
        const left = commits.map((other, place) => (place === index ? without(other, change) : other));
        yield { ...item, refreshes: item.refreshes.map((other, place) => (place === at ? left : other)) };
      }
    }
  }
}

const without = <T>(list: readonly T[], at: number): readonly T[] => list.filter((_, index) => index !== at);

async function report(replay: Replay, item: Case, planned: Planned): Promise<string> {
  const results = await attempt(replay, item, planned);
  const last = typeof results === "string" ? null : results.at(-1);
  const links = planned.plan.upstreams.map((link) => JSON.stringify(link));
  const rows = Object.entries(item.rows).map(([table, list]) => `${table}: ${list.map((row) => `(${row.join(", ")})`).join(" ")}`);
  return [
    item.sql,
    `by ${item.by.join(", ")}`,
    ...links,
    `splice: ${JSON.stringify(planned.plan.splice)}`,
    ...rows,
    `refreshes: ${JSON.stringify(item.refreshes)}`,
    `surplus rows: ${last?.difference.join(" ")}`,
  ].join("\n");
}
