import { addAll, type Counters, count, countersText } from "./counters.ts";
import { seedsPerProject } from "./generate-scenario.ts";
import { constructNames } from "./model-specs.ts";
import { runSeed } from "./run-seed.ts";

/** Files the seeds are split over, for as many processes. */
export const shares = 4;

/** As many as a change can wait for, and enough to see everything that can happen. */
const usualSize = 2000;

/** What a process can die of, between the state before and the state after. */
const deaths = [
  ...[
    "of the state tables",
    "of a run's start",
    "of an ingest",
    "of a build",
    "of an extract",
    "of a load",
    "of a split",
    "of a chunk",
    "of a frozen view",
    "of a failure",
    "of a run's end",
  ].flatMap((commit) => [`crash before commit ${commit}`, `crash in the midst of commit ${commit}`]),
  ...["openBatch", "copy to parquet", "writeManifest"].flatMap((step) => [`crash before ${step}`, `crash in the midst of ${step}`]),
  "crash before removeBatch",
  "crash before removeRun",
];

const musts = [
  ...deaths,
  ...constructNames.map((name) => `model: ${name}`),
  ...["incremental", "snapshot", "append"].flatMap((kind) => [`${kind}: refreshed`, `${kind}: built in full`]),
  "incremental: full, as that is cheaper",
  "incremental: built in chunks",
  "incremental: chunks of a run before",
  "bronze: loaded in chunks",
  "bronze: chunks of a run before",
  "view: built in full",
  "commits of kind changes",
  "commits of kind reset",
  "rows inserted",
  "rows updated",
  "rows deleted",
  "rows in quarantine",
  "rows replayed",
  "runs that replay: succeeded",
  "runs that replay: failed",
  "late versions",
  "cut-offs",
  "cleaned: batches",
  "cleaned: row changes",
  "cleaned: runs",
  "runs failed",
  "runs of some tables",
  "runs refused: upstream missing",
  "runs with a full refresh",
  "runs with revised models",
  "steps refused, as they had to be",
  "looks in the midst of a run",
  "tables equal to a fresh build",
  "models verified",
];

/** What became of some seeds; `failures`: stories of those that failed. */
export interface ShareOutcome {
  readonly counters: readonly (readonly [string, number])[];
  readonly failures: readonly string[];
}

/**
 * Runs one share of the seeds: 2,000 of them from 0 on, or `START=2000 SEEDS=98000`. `SEED=17` runs one alone and shows all it does. A seed
 * that fails is shrunk and told as a story.
 */
export async function runShare(share: number, env: NodeJS.ProcessEnv): Promise<ShareOutcome> {
  const only = env.SEED;
  const seeds = only === undefined ? seedsOf(share, Number(env.START ?? 0), seedCount(env)) : share === 0 ? [Number(only)] : [];
  const trace = only === undefined ? {} : { trace: (line: string) => void process.stdout.write(`${line}\n`) };
  const counters: Counters = new Map();
  const failures: string[] = [];
  for (const seed of seeds) {
    const failure = await runSeed(seed, counters, trace);
    count(counters, "seeds");
    if (failure !== null) failures.push(failure);
    if (failures.length === 3) break;
  }
  return { counters: [...counters], failures };
}

const seedCount = (env: NodeJS.ProcessEnv): number => Number(env.SEEDS ?? usualSize);

/** What all shares together counted, and what is wrong; from 2,000 seeds on, what never came up is wrong, too. */
export function summary(outcomes: readonly ShareOutcome[], env: NodeJS.ProcessEnv): { readonly text: string; readonly wrong: string } {
  const counters: Counters = new Map(musts.map((what) => [what, 0] as const));
  for (const outcome of outcomes) addAll(counters, new Map(outcome.counters));
  const isLarge = env.SEED === undefined && seedCount(env) >= usualSize;
  const never = [...counters].flatMap(([what, times]) => (isLarge && times === 0 ? [`never came up: ${what}`] : []));
  return { text: countersText(counters), wrong: [...outcomes.flatMap(({ failures }) => failures), ...never].join("\n\n") };
}

/** Seeds of one project stay together: it is compiled once. */
function seedsOf(share: number, start: number, all: number): readonly number[] {
  const seeds = Array.from({ length: all }, (_, index) => start + index);
  return seeds.filter((seed) => Math.floor(seed / seedsPerProject) % shares === share);
}
