import { describe, expect, test } from "vitest";
import type { Counters } from "./counters.ts";
import { generateScenario } from "./generate-scenario.ts";
import { runSeed } from "./run-seed.ts";
import { traceOf } from "./start-share.ts";

/** The platform broken on purpose, in the SQL on its way to the database. */
const faults: Readonly<Record<string, (text: string) => string>> = {
  "old rows stay when a difference is applied": (text) =>
    text.startsWith("delete from ") && text.includes('using "difference"') ? "select 1" : text,
  "changes lose their old images": (text) => (text.startsWith('insert into "assay_changes"') ? `${text} where _op = 1` : text),
  "of two files the first one holds": (text) => text.replace("order by _file desc", "order by _file"),
  "the last commit is not read": (text) => text.replace(/_version <= (\d+)/g, "_version < $1"),
  "a version holds up to its own time": (text) => text.replaceAll("lead(_at)", "lag(_at)"),
  "new versions are dropped": (text) => text.replace(/^(create or replace temp table "new versions" .*)$/s, "$1 limit 0"),
  "keys that are there are appended again": (text) => text.replace("as fresh where not exists (", "as fresh where true or not exists ("),
  "ingested files are not written down": (text) => (text.startsWith("insert into assay.files") ? `${text} limit 0` : text),
};

const seedsTried = 60;

describe("finds what is broken on purpose", () => {
  test.for(Object.entries(faults))("%s", { timeout: 300_000 }, async ([, sabotage]) => {
    for (let seed = 0; seed < seedsTried; seed++) {
      const found = await runSeed(seed, new Map(), { sabotage, shrinkAttempts: 0 });
      if (found !== null) return;
    }
    expect.fail(`none of ${seedsTried} seeds shows it`);
  });
});

test("a seed stands for the same project, files and runs every time", () => {
  for (const seed of [0, 1, 4, 1000]) expect(generateScenario(seed + 0)).toEqual(generateScenario(seed));
  expect(generateScenario(1).runs).not.toEqual(generateScenario(2).runs);
});

test("a seed happens in the same way every time, steps side by side and crashes included", { timeout: 60_000 }, async () => {
  const crashing = Array.from({ length: 40 }, (_, seed) => seed).filter((seed) => {
    const { runs } = generateScenario(seed);
    return runs.some((run) => run.crash !== null) && runs.some((run) => run.concurrency > 1);
  });
  expect(crashing.length).toBeGreaterThan(3);
  for (const seed of crashing.slice(0, 3)) {
    const [lines, again] = await Promise.all([traceOf(seed), traceOf(seed)]);
    expect(lines.length).toBeGreaterThan(50);
    expect(lines).toEqual(again);
  }
});

test("a failing seed is told as the little that matters", { timeout: 300_000 }, async () => {
  const sabotage = faults["of two files the first one holds"];
  if (sabotage === undefined) throw new Error("no such fault");
  const counters: Counters = new Map();
  for (let seed = 0; seed < seedsTried; seed++) {
    const story = await runSeed(seed, counters, { sabotage });
    if (story === null) continue;
    expect(story).toMatch(/load merge/);
    expect(story).toMatch(/broken: /);
    expect(story.match(/^run /gm)?.length ?? 0).toBeLessThanOrEqual(2);
    expect(story.match(/now holds/g)?.length).toBeLessThanOrEqual(3);
    return;
  }
  expect.fail("no seed shows it");
});
