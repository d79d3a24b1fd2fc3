import type { DriftRule } from "../define/check.ts";

/** A measure as an earlier publication recorded it. */
export interface PastValue {
  /** ms since 1970. */
  readonly at: number;
  readonly value: number;
}

export interface ExpectedRange {
  readonly low: number;
  readonly high: number;
  /** Publications it was made from. */
  readonly compared: number;
  /** Do they all lie on the run's weekday? */
  readonly sameWeekday: boolean;
}

/** Makes the median distance from the median an estimate of the standard deviation of a normal distribution. */
const madToDeviation = 1.4826;
/** So many publications of one weekday are a history of their own. */
const enoughOfWeekday = 4;

/**
 * The range a measure is expected in, from its history, newest last: median ± max(sensitivity × 1.4826 × MAD, tolerance); null with too little
 * history. `relative`: the tolerance is a share of the median. `most` is the greatest value there can be; `floor` the least that is expected of a measure that
 * never was 0: an empty table is drift however much its size varies.
 */
export function expectedRange(
  history: readonly PastValue[],
  now: number,
  rule: DriftRule,
  measure: { readonly relative: boolean; readonly most: number; readonly floor: number },
): ExpectedRange | null {
  const recent = history.slice(-rule.history);
  if (recent.length < rule.minHistory) return null;
  const sameDay = recent.filter((past) => weekday(past.at) === weekday(now));
  const sameWeekday = rule.seasonality === "day_of_week" && sameDay.length >= enoughOfWeekday;
  const values = (sameWeekday ? sameDay : recent).map((past) => past.value);
  const middle = median(values);
  const spread = madToDeviation * rule.sensitivity * median(values.map((value) => Math.abs(value - middle)));
  const around = Math.max(spread, rule.tolerance * (measure.relative ? middle : 1));
  const least = recent.every((past) => past.value > 0) ? measure.floor : 0;
  return {
    low: rule.direction === "spike" ? 0 : Math.max(least, middle - around),
    high: rule.direction === "drop" ? measure.most : Math.min(measure.most, middle + around),
    compared: values.length,
    sameWeekday,
  };
}

const weekday = (at: number): number => new Date(at).getUTCDay();

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
