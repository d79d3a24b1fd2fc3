import { join } from "node:path";
import { assertAgree } from "../contents.ts";
import { largestPeak, type Measured } from "../measure.ts";
import { installedPeers } from "../peers/installed.ts";
import { freshFolder } from "../places.ts";
import { atLeast, type Report, type Result, ratio, time } from "../result.ts";
import { assayContestant } from "./assay.ts";
import { bareContestant } from "./bare.ts";
import type { Contestant } from "./contestant.ts";
import { dagsterContestant } from "./dagster.ts";
import { dbtContestants } from "./dbt.ts";
import { writeSmallData } from "./small-data.ts";
import { sqlmeshContestant } from "./sqlmesh.ts";

interface Turn {
  readonly full: Measured;
  readonly unchanged: Measured;
}

/**
 * Ten small models over two CSV files (100,000 orders and 110,000 items at scale 1): made from nothing, and run again with nothing changed. Whole
 * processes, taking turns.
 */
export async function smallModelsSideBySide(runs: number, scale: number): Promise<Report> {
  const folder = freshFolder("small-models");
  const data = join(folder, "data");
  await writeSmallData(data, scale);
  const { ready, skipped } = installedPeers({
    dbt: (command) => dbtContestants(command, folder, data),
    sqlmesh: (command) => [sqlmeshContestant(command, folder, data)],
    dagster: (command) => [dagsterContestant(command, folder, data)],
  });
  const ours = assayContestant(folder, data);
  const contestants = [ours, bareContestant(folder, data), ...ready.flat()];
  const turns = new Map<string, Turn[]>(contestants.map(({ name }) => [name, []]));
  // Turn 0 is not counted: tools keep what they parsed and compiled for the next time.
  for (let turn = 0; turn <= runs; turn += 1) {
    const now = await takeTurns(contestants);
    console.log(
      `  ${now.map(({ name, full, unchanged }) => `${name} ${full.seconds.toFixed(2)} s, again ${unchanged.seconds.toFixed(2)} s`).join(" · ")}`,
    );
    if (turn > 0) for (const { name, ...measured } of now) turns.get(name)?.push(measured);
  }
  return {
    results: [
      ...resultsOf("full", "from nothing", 6, ours, contestants, turns),
      ...resultsOf("unchanged", "nothing changed", 12, ours, contestants, turns),
    ],
    stages: [],
    notes: [
      "Ten small models: whole processes, from two CSV files to ten tables with the same rows, every column tested for null and every key for doubles (not by the bare SQL, not by `dbt run`). " +
        "From nothing: no database; what a tool keeps of its own start stays. Assay also makes two bronze tables and their Parquet files.",
      `Ten small models, nothing changed: ${contestants.map(({ name, unchangedIs }) => `${name}: ${unchangedIs}`).join("; ")}.`,
      ...skipped,
    ],
  };
}

async function takeTurns(contestants: readonly Contestant[]): Promise<readonly (Turn & { readonly name: string })[]> {
  const full = new Map<string, Measured>();
  for (const contestant of contestants) {
    contestant.reset();
    full.set(contestant.name, await contestant.full());
  }
  const before = await contentsOf(contestants);
  const turns: (Turn & { readonly name: string })[] = [];
  for (const { name, unchanged } of contestants) turns.push({ name, full: full.get(name) as Measured, unchanged: await unchanged() });
  assertAgree([...before, ...(await contentsOf(contestants))]);
  return turns;
}

async function contentsOf(contestants: readonly Contestant[]): Promise<readonly { readonly name: string; readonly contents: string }[]> {
  const all: { readonly name: string; readonly contents: string }[] = [];
  for (const contestant of contestants) all.push({ name: contestant.name, contents: await contestant.contents() });
  return all;
}

function resultsOf(
  what: keyof Turn,
  words: string,
  least: number,
  ours: Contestant,
  contestants: readonly Contestant[],
  turns: ReadonlyMap<string, readonly Turn[]>,
): readonly Result[] {
  const measured = (name: string): readonly Measured[] => (turns.get(name) ?? []).map((turn) => turn[what]);
  const seconds = (name: string): readonly number[] => measured(name).map((each) => each.seconds);
  return contestants.flatMap(({ name, limited }) => [
    time(`ten small models, ${words}: ${name}`, seconds(name), largestPeak(measured(name))),
    ...(name === ours.name
      ? []
      : [ratio(`${words}: ${name} ÷ ${ours.name}`, seconds(name), seconds(ours.name), limited ? atLeast(least) : null)]),
  ]);
}
