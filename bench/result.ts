import { median } from "./measure.ts";

/** A number the bench measured, with the limit it is held to. */
export interface Result {
  readonly name: string;
  /** Median of the runs. */
  readonly value: number;
  readonly unit: "s" | "×" | "MiB";
  readonly runs: readonly number[];
  readonly limit: Limit | null;
  readonly peakMiB: number | null;
}

export interface Limit {
  readonly bound: "at most" | "at least";
  readonly value: number;
  /** What we want, where that is more than what must hold. */
  readonly goal: number | null;
}

/** Where the time of one contestant went, in seconds (medians). */
export interface Stages {
  readonly name: string;
  readonly note: string;
  readonly seconds: Readonly<Record<string, number>>;
}

export interface Report {
  readonly results: readonly Result[];
  readonly stages: readonly Stages[];
  /** In words: what was compared, what was skipped and why. */
  readonly notes: readonly string[];
}

export function passes(result: Result): boolean | null {
  if (result.limit === null) return null;
  return result.limit.bound === "at most" ? result.value <= result.limit.value : result.value >= result.limit.value;
}

export const atMost = (value: number, goal: number | null = null): Limit => ({ bound: "at most", value, goal });
export const atLeast = (value: number, goal: number | null = null): Limit => ({ bound: "at least", value, goal });

/** Median of seconds, without a limit. */
export const time = (name: string, runs: readonly number[], peakMiB: number | null = null): Result => ({
  name,
  value: median(runs),
  unit: "s",
  runs,
  limit: null,
  peakMiB,
});

/** Ratio of the medians; `runs` holds the ratio of each turn. */
export const ratio = (name: string, above: readonly number[], below: readonly number[], limit: Limit | null): Result => ({
  name,
  value: median(above) / median(below),
  unit: "×",
  runs: above.map((value, turn) => value / (below[turn] ?? Number.NaN)),
  limit,
  peakMiB: null,
});
