import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractColumns } from "../../src/compile/contract.ts";
import { type Check, check } from "../../src/define/check.ts";
import { columnList } from "../../src/define/quote.ts";
import { t } from "../../src/define/types.ts";
import { type CheckReport, runChecks } from "../../src/execute/checks.ts";
import type { PastMetrics } from "../../src/ports/state-store.ts";
import { type Warehouse, warehouse } from "./run.ts";

const day = 86_400_000;
const now = Date.UTC(2026, 0, 5, 6);
const columns = {
  at: t.timestamp({ nullable: true }),
  day: t.date({ nullable: true }),
  secret: t.timestamp({ nullable: true, sensitive: true }),
  note: t.varchar({ nullable: true }),
};

let duckdb: Warehouse;
beforeAll(async () => {
  duckdb = await warehouse();
});
afterAll(() => duckdb.close());

async function report(
  checks: readonly Check[],
  rows: readonly (readonly string[])[],
  past: readonly PastMetrics[] = [],
): Promise<CheckReport> {
  await duckdb.fill("gold.t", columns, rows);
  return runChecks({ keyHash: (names) => `hash(${columnList(names)})` }, duckdb.session, {
    table: "gold.t",
    relation: '"gold"."t"',
    columns: contractColumns(columns),
    grain: null,
    checks,
    present: new Set(),
    part: null,
    history: { now, past },
  });
}

async function only(rule: Check, rows: readonly (readonly string[])[], past: readonly PastMetrics[] = []): Promise<string> {
  const { results } = await report([rule], rows, past);
  expect(results).toHaveLength(1);
  return `${results[0]?.status}${results[0]?.message === null ? "" : `: ${results[0]?.message}`}`;
}

const row = (at: string | null, date: string | null, note: string | null = null): readonly string[] => {
  const time = at === null ? "null" : `timestamp '${at}'`;
  return [time, date === null ? "null" : `date '${date}'`, time, note === null ? "null" : `'${note}'`];
};

/** Earlier publications, one a day, of so many rows and nulls. */
const past = (counts: readonly (readonly [rows: number, nulls: number])[]): readonly PastMetrics[] =>
  counts.map(([all, nulls], index) => ({
    version: String(index + 1),
    at: new Date(now - (counts.length - index) * day).toISOString(),
    metrics: [
      { metric: "row_count", column: null, value: all },
      { metric: "null_count", column: "note", value: nulls },
    ],
  }));

describe("freshness", () => {
  it.each<[string, Check, readonly (readonly string[])[], string]>([
    ["young enough", check.freshness("at", "1 day"), [row("2026-01-04 06:00:00", null), row("2020-01-01", null)], "passed"],
    [
      "a second too old",
      check.freshness("at", "1 day"),
      [row("2026-01-04 05:59:59", null)],
      "failed: the newest at is 2026-01-04 05:59:59: 1 day old, allowed is 1 day",
    ],
    [
      "warned",
      check.freshness("at", "36 hours", "warn"),
      [row("2026-01-01 00:00:00", null)],
      "warned: the newest at is 2026-01-01 00:00:00: 4 days 6 h old, allowed is 36 hours",
    ],
    ["no row", check.freshness("at", "1 day"), [], "failed: at has no value up to the run's time"],
    ["no value", check.freshness("at", "1 day", { severity: "warn" }), [row(null, null)], "warned: at has no value up to the run's time"],
    // A date counts from its end: yesterday's is six hours old at six in the morning.
    ["yesterday", check.freshness("day", "6 h"), [row(null, "2026-01-04")], "passed"],
    [
      "the day before",
      check.freshness("day", "1 day"),
      [row(null, "2026-01-03")],
      "failed: the newest day is 2026-01-03: 1 day 6 h old, allowed is 1 day",
    ],
    ["today", check.freshness("day", "0 h"), [row(null, "2026-01-05")], "passed"],
    // What lies ahead must not hide that nothing came.
    [
      "the future",
      check.freshness("day", "1 day"),
      [row(null, "9999-12-31"), row(null, "2026-01-02")],
      "failed: the newest day is 2026-01-02",
    ],
    ["only the future", check.freshness("at", "1 day"), [row("2026-01-05 06:00:01", null)], "failed: at has no value up to the run's time"],
    [
      "infinity",
      check.freshness("at", "1 day"),
      [row("infinity", null), row("-infinity", null)],
      "failed: at has no value up to the run's time",
    ],
    [
      "a sensitive column",
      check.freshness("secret", "1 day"),
      [row("2026-01-01", null)],
      "failed: the newest secret is ***: 4 days 6 h old",
    ],
    ["another case", check.freshness("DAY", "6 h"), [row(null, "2026-01-04")], "passed"],
  ])("%s", async (_, rule, rows, expected) => {
    expect(await only(rule, rows)).toContain(expected);
  });
});

describe("drift", () => {
  const rows = (count: number, nulls = 0) => Array.from({ length: count }, (_, index) => row(null, null, index < nulls ? null : "x"));
  const steady = past(Array.from({ length: 6 }, () => [20, 2] as const));

  it.each<[string, Check, number, number, readonly PastMetrics[], string]>([
    ["as before", check.rowCountDrift(), 21, 0, steady, "passed"],
    ["fewer", check.rowCountDrift(), 17, 0, steady, "warned: 17 rows, expected 18 to 22 (from 6 earlier publications)"],
    ["more", check.rowCountDrift({ severity: "error" }), 30, 0, steady, "failed: 30 rows, expected 18 to 22 (from 6 earlier publications)"],
    ["more, where only less matters", check.rowCountDrift({ direction: "drop" }), 30, 0, steady, "passed"],
    [
      "less, where only that matters",
      check.rowCountDrift({ direction: "drop" }),
      3,
      0,
      steady,
      "warned: 3 rows, expected 18 or more (from",
    ],
    ["none", check.rowCountDrift({ tolerance: 5 }), 0, 0, steady, "warned: 0 rows, expected 1 to 120"],
    ["a first time", check.rowCountDrift(), 5, 0, [], "passed: not enough history: 0 of 5 publications"],
    ["too few times", check.rowCountDrift({ severity: "error" }), 5, 0, steady.slice(2), "passed: not enough history: 4 of 5 publications"],
    ["nulls as before", check.nullShareDrift("note"), 10, 1, steady, "passed"],
    [
      "more nulls",
      check.nullShareDrift("note"),
      10,
      2,
      steady,
      "warned: 20.00 % of note is null, expected 9.00 % to 11.00 % (from 6 earlier",
    ],
    ["no nulls", check.nullShareDrift("note", { direction: "spike" }), 10, 0, steady, "passed"],
    ["no rows", check.nullShareDrift("note"), 0, 0, steady, "passed: the table has no rows"],
    [
      "before, no rows",
      check.nullShareDrift("note"),
      10,
      5,
      past(Array.from({ length: 9 }, () => [0, 0] as const)),
      "passed: not enough history: 0 of 5",
    ],
    ["another column's nulls", check.nullShareDrift("day"), 10, 5, steady, "passed: not enough history: 0 of 5"],
  ])("%s", async (_, rule, count, nulls, history, expected) => {
    expect(await only(rule, rows(count, nulls), history)).toContain(expected);
  });

  it("measures what is compared, once, and nothing where nothing is", async () => {
    const checks = [check.nullShareDrift("note"), check.nullShareDrift("note", { severity: "error" }), check.nullShareDrift("day")];
    expect((await report(checks, rows(4, 1))).metrics).toEqual([
      { metric: "row_count", column: null, value: 4 },
      { metric: "null_count", column: "note", value: 1 },
      { metric: "null_count", column: "day", value: 4 },
    ]);
    expect((await report([check.freshness("at", "1 day"), check.rowCount({ min: 0 })], rows(4))).metrics).toEqual([]);
  });
});
