import type { DataSet } from "../data-set.ts";
import { median } from "../measure.ts";
import { atLeast, atMost, type Report, type Result, type Stages } from "../result.ts";
import { type Attempt, runAssay, runHandWritten, runSpark } from "./contestants.ts";
import { assertSame } from "./outcome.ts";
import { sparkPython } from "./spark-environment.ts";

/** Assay, a hand-written DuckDB script and PySpark do the same work, taking turns: A B C A B C … */
export async function sideBySide(data: DataSet, runs: number, withSpark: boolean): Promise<Report> {
  const spark = withSpark ? sparkPython() : { reason: "--no-spark" };
  const contestants: Readonly<Record<string, () => Promise<Attempt>>> = {
    "assay run": () => runAssay(data.folder),
    "hand-written DuckDB script": () => runHandWritten(data.folder),
    ...("python" in spark ? { "PySpark local[*]": () => runSpark(spark.python, data.folder) } : {}),
  };
  const attempts: Record<string, Attempt[]> = {};
  for (let turn = 0; turn < runs; turn += 1) {
    for (const [name, run] of Object.entries(contestants)) {
      const attempt = await run();
      attempts[name] = [...(attempts[name] ?? []), attempt];
      console.log(`  ${name}: ${charged(attempt).toFixed(2)} s`);
    }
    assertSame(
      Object.fromEntries(Object.entries(attempts).flatMap(([name, all]) => all.slice(-1).map((last) => [name, last.outcome]))),
      data.real,
    );
  }
  const results = Object.entries(attempts).map(([name, all]) => wallTime(name, all));
  return {
    results: [...results, ...ratios(attempts)],
    stages: Object.entries(attempts).map(([name, all]) => stagesOf(name, all)),
    notes: [
      `${Object.keys(attempts).join(", ")} made the same: row counts and totals were compared after each turn, before a ratio was taken.`,
      ...("reason" in spark ? [`PySpark was skipped: ${spark.reason}.`] : []),
    ],
  };
}

/** Wall time without the `count` stage: the scripts count what they made for the comparison only. Assay's counts are part of its run. */
function charged({ measured, outcome }: Attempt): number {
  return measured.seconds - (outcome.stages.count ?? 0);
}

function wallTime(name: string, attempts: readonly Attempt[]): Result {
  const runs = attempts.map(charged);
  const peaks = attempts.flatMap(({ measured }) => (measured.peakMiB === null ? [] : [measured.peakMiB]));
  return { name, value: median(runs), unit: "s", runs, limit: null, peakMiB: peaks.length === 0 ? null : Math.max(...peaks) };
}

/** Ratio of the medians; `runs` holds the ratio of each turn. */
function ratios(attempts: Readonly<Record<string, readonly Attempt[]>>): readonly Result[] {
  const seconds = (name: string): readonly number[] => (attempts[name] ?? []).map(charged);
  const ratio = (name: string, above: string, below: string, limit: Result["limit"]): Result => ({
    name,
    value: median(seconds(above)) / median(seconds(below)),
    unit: "×",
    runs: seconds(above).map((value, turn) => value / (seconds(below)[turn] ?? Number.NaN)),
    limit,
    peakMiB: null,
  });
  return [
    ratio("assay run ÷ hand-written script", "assay run", "hand-written DuckDB script", atMost(1.3, 1.1)),
    ...(attempts["PySpark local[*]"] === undefined ? [] : [ratio("PySpark ÷ assay run", "PySpark local[*]", "assay run", atLeast(15, 20))]),
  ];
}

function stagesOf(name: string, attempts: readonly Attempt[]): Stages {
  const names = [...new Set(attempts.flatMap(({ outcome }) => Object.keys(outcome.stages)))];
  const seconds = names.map((stage) => [stage, median(attempts.map(({ outcome }) => outcome.stages[stage] ?? 0))] as const);
  return {
    name,
    note: name === "assay run" ? "added up over steps that run in parallel: more than the wall time" : "one after the other",
    seconds: Object.fromEntries(seconds),
  };
}
