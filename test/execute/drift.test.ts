import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DriftRule, driftDefaults } from "../../src/define/check.ts";
import { type ExpectedRange, expectedRange, type PastValue } from "../../src/execute/drift.ts";

const day = 86_400_000;
/** A Monday. */
const monday = Date.UTC(2026, 0, 5, 6);
const rows = { relative: true, most: Number.POSITIVE_INFINITY, floor: 1 };
const share = { relative: false, most: 1, floor: 0 };

/** One value a day, the last one the day before `now`. */
const daily = (values: readonly number[], now = monday): readonly PastValue[] =>
  values.map((value, index) => ({ value, at: now - (values.length - index) * day }));

function range(values: readonly number[], rule: Partial<DriftRule> = {}, measure = rows, now = monday): ExpectedRange | null {
  const kind = measure === rows ? "row_count_drift" : "null_share_drift";
  return expectedRange(daily(values, now), now, { ...driftDefaults[kind], ...rule }, measure);
}

describe("expectedRange", () => {
  it("is median ± sensitivity × 1.4826 × MAD", () => {
    // Median 100, distances 0, 10, 10, 20, 30: MAD 10.
    const found = range([90, 100, 110, 80, 130], { tolerance: 0 });
    expect(found).toMatchObject({ compared: 5, sameWeekday: false });
    expect(found?.low).toBeCloseTo(100 - 3 * 14.826);
    expect(found?.high).toBeCloseTo(100 + 3 * 14.826);
  });

  it("is the tolerance wide where the history does not vary: a share of the rows, a difference of shares", () => {
    expect(range([200, 200, 200, 200, 200])).toMatchObject({ low: 180, high: 220 });
    expect(range([0.25, 0.25, 0.25, 0.25, 0.25], { tolerance: 0.125 }, share)).toMatchObject({ low: 0.125, high: 0.375 });
    expect(range([0, 0, 0, 0, 0], {}, share)).toMatchObject({ low: 0, high: 0.01 });
  });

  it("needs enough history, and looks back no further than told", () => {
    expect(range([1, 2, 3, 4])).toBeNull();
    expect(range([1, 2], { minHistory: 2 })).not.toBeNull();
    const long = [...Array.from({ length: 50 }, () => 5), ...Array.from({ length: 28 }, () => 100)];
    expect(range(long, { seasonality: "none" })).toMatchObject({ low: 90, high: 110, compared: 28 });
  });

  it("compares with the same weekday where there are four of it, else with all", () => {
    // 28 days before a Monday: Mondays have 1000 rows, other days 100.
    const values = Array.from({ length: 28 }, (_, index) => (index % 7 === 0 ? 1000 : 100));
    expect(range(values)).toMatchObject({ low: 900, high: 1100, compared: 4, sameWeekday: true });
    expect(range(values, {}, rows, monday + day)).toMatchObject({ sameWeekday: true });
    expect(range(values.slice(7))).toMatchObject({ low: 90, high: 110, compared: 21, sameWeekday: false });
    expect(range(values, { seasonality: "none" })).toMatchObject({ low: 90, high: 110, compared: 28, sameWeekday: false });
  });

  it("takes the weekday in UTC", () => {
    const late = Date.UTC(2026, 0, 5, 23, 59);
    const history = [1, 2, 3, 4, 5].map((week) => ({ at: Date.UTC(2026, 0, 6) - week * 7 * day, value: 10 }));
    expect(expectedRange(history, late, driftDefaults.row_count_drift, rows)?.sameWeekday).toBe(false);
    expect(expectedRange(history, late + 60_000, driftDefaults.row_count_drift, rows)?.sameWeekday).toBe(true);
  });

  it("lets a table grow steadily", () => {
    for (const start of [0, 1000]) {
      for (let length = 5; length < 60; length++) {
        const values = Array.from({ length }, (_, index) => start + (index + 1) * 10);
        expect(range(values)?.high, `${length}`).toBeGreaterThanOrEqual(start + (length + 1) * 10);
      }
    }
  });

  it("does not expect an empty table that never was empty, however much its size varies", () => {
    expect(range([10, 5000, 20, 9000, 1])?.low).toBe(1);
    expect(range([10, 5000, 0, 9000, 1])?.low).toBe(0);
  });

  it("minds one direction only, when told", () => {
    expect(range([100, 100, 100, 100, 100], { direction: "drop" })).toMatchObject({ low: 90, high: Number.POSITIVE_INFINITY });
    expect(range([100, 100, 100, 100, 100], { direction: "spike" })).toMatchObject({ low: 0, high: 110 });
  });
});

describe("expectedRange, whatever the history", () => {
  const values = fc.array(fc.nat(1_000_000), { minLength: 5, maxLength: 60 });

  it("holds the median, and bounds that make sense", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 6 }), (history, weekday) => {
        const now = monday + weekday * day;
        const found = expectedRange(daily(history, now), now, driftDefaults.row_count_drift, rows);
        if (found === null) throw new Error("there is history");
        const recent = daily(history, now).slice(-28);
        const used = found.sameWeekday ? recent.filter((past) => new Date(past.at).getUTCDay() === new Date(now).getUTCDay()) : recent;
        expect(found.compared).toBe(used.length);
        const sorted = used.map((past) => past.value).sort((a, b) => a - b);
        // At least half of the history lies on each side of the middle, which the range holds.
        expect(sorted.filter((value) => value <= found.high).length * 2).toBeGreaterThanOrEqual(sorted.length);
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.low).toBeLessThanOrEqual(Math.max(1, found.high));
      }),
    );
  });

  it("is not moved by the order in which the values came, nor by fewer than half of them being wild", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 1000 }), fc.array(fc.nat(1_000_000_000), { maxLength: 9 }), (steady, wild) => {
        const history = [...Array.from({ length: 12 }, () => steady), ...wild];
        const rule = { seasonality: "none" } as const;
        const found = range(history, rule);
        expect(range(history.toReversed(), rule)).toEqual(found);
        expect(found?.low).toBeCloseTo(steady * 0.9);
        expect(found?.high).toBeCloseTo(steady * 1.1);
      }),
    );
  });

  it("widens with sensitivity and tolerance", () => {
    fc.assert(
      fc.property(
        values,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (history, sensitivity, tolerance) => {
          const narrow = range(history, { sensitivity, tolerance });
          const wide = range(history, { sensitivity: sensitivity * 2, tolerance: tolerance * 2 });
          expect(wide?.low).toBeLessThanOrEqual(narrow?.low ?? 0);
          expect(wide?.high).toBeGreaterThanOrEqual(narrow?.high ?? 0);
        },
      ),
    );
  });
});
