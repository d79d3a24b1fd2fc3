import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counters } from "./counters.ts";
import { describeScenario } from "./describe-scenario.ts";
import { generateScenario } from "./generate-scenario.ts";
import type { CrashPoint, Scenario } from "./scenario.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import type { Violation } from "./violation.ts";

export interface SeedOptions {
  readonly sabotage?: (text: string) => string;
  readonly trace?: (line: string) => void;
  /** How many smaller scenarios are tried when one fails. */
  readonly shrinkAttempts?: number;
}

/** Thousands of small files that nobody needs afterwards: in memory, where the machine lets us. */
const root = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** What a seed came to: null, or the smallest scenario found that shows what is wrong, in words. */
export async function runSeed(seed: number, counters: Counters, options: SeedOptions = {}): Promise<string | null> {
  const { sabotage = (text) => text, trace = () => undefined, shrinkAttempts = 600 } = options;
  const deaths = new Map<number, CrashPoint>();
  const happen = (scenario: Scenario, into: Counters, follow: (line: string) => void): Promise<Violation | null> =>
    simulate(scenario, into, {
      folder: join(root, `assay-simulation-${process.pid}-${seed}`),
      sabotage,
      trace: follow,
      died: (run, at) => deaths.set(run, at),
    });
  const scenario = generateScenario(seed);
  const violation = await happen(scenario, counters, trace);
  if (violation === null) return null;
  const told: Scenario = { ...scenario, runs: scenario.runs.map((run) => ({ ...run, crash: deaths.get(run.number) ?? null })) };
  const again = await happen(told, new Map(), () => undefined);
  const start = again?.promise === violation.promise ? { scenario: told, violation: again } : { scenario, violation };
  const smallest = await shrink(start.scenario, start.violation, (smaller) => happen(smaller, new Map(), () => undefined), shrinkAttempts);
  return describeScenario(smallest.scenario, smallest.violation);
}
