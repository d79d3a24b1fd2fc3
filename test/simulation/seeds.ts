import { addAll, type Counters, count, countersText } from "./counters.ts";
import { seedsPerProject } from "./generate-scenario.ts";
import { constructNames } from "./model-specs.ts";
import { runSeed } from "./run-seed.ts";

/** Files the seeds are split over, for as many processes. */
const shares = 4;

/** As many as a change can wait for, and enough for each share to see everything that can happen. */
const usualSize = 2000;

/** What a process can die of, between the state before and the state after. */
const deaths = [
  ...[
    "of the state tables",
    "of a run's start",
    "of an ingest",
    "of a build",
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
  "view: built in full",
  "commits of kind changes",
  "commits of kind reset",
  "rows inserted",
  "rows updated",
  "rows deleted",
  "rows in quarantine",
  "late versions",
  "cut-offs",
  "runs failed",
  "runs of some tables",
  "runs refused: upstream missing",
  "runs with a full refresh",
  "runs with revised models",
  "steps refused, as they had to be",
  "looks in the midst of a run",
  "tables equal to a fresh build",
];

/**
 * Runs one share of the seeds: 2,000 of them from 0 on, or `START=2000 SEEDS=98000`. `SEED=17` runs one alone and shows all it does. A seed
 * that fails is shrunk and told as a story. From 2,000 on, what never came up is a failure, too. Returns what is wrong; empty: nothing.
 */
export async function runShare(share: number, env: NodeJS.ProcessEnv): Promise<string> {
  const only = env.SEED;
  const [start, all] = [Number(env.START ?? 0), Number(env.SEEDS ?? usualSize)];
  const seeds = only === undefined ? seedsOf(share, start, all) : share === 0 ? [Number(only)] : [];
  const trace = only === undefined ? {} : { trace: (line: string) => void process.stdout.write(`${line}\n`) };
  const counters: Counters = new Map(musts.map((what) => [what, 0] as const));
  const failures: string[] = [];
  const started = performance.now();
  for (const seed of seeds) {
    const own: Counters = new Map();
    const failure = await runSeed(seed, own, trace);
    addAll(counters, own);
    count(counters, "seeds");
    if (failure !== null) failures.push(failure);
    if (failures.length === 3) break;
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`share ${share + 1} of ${shares}, ${seconds} s\n${countersText(counters)}\n`);
  const never = all < usualSize || only !== undefined ? [] : [...counters].filter(([, times]) => times === 0);
  return [...failures, ...never.map(([what]) => `never came up: ${what}`)].join("\n\n");
}

/** Seeds of one project stay together: it is compiled once. */
function seedsOf(share: number, start: number, all: number): readonly number[] {
  const seeds = Array.from({ length: all }, (_, index) => start + index);
  return seeds.filter((seed) => Math.floor(seed / seedsPerProject) % shares === share);
}
