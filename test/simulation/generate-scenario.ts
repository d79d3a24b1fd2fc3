import { bronzeSpecs, loadedInChunks, soiled } from "./bronze-specs.ts";
import { type Dice, diceOf } from "./dice.ts";
import { builtInChunks, modelSpecs, ruled } from "./model-specs.ts";
import type { CrashPoint, ProjectSpec, RunSpec, Scenario } from "./scenario.ts";
import { sourceWorld } from "./source-world.ts";

/** Seeds that share a project: compiling is a good part of a scenario's cost. */
export const seedsPerProject = 8;

/** What a seed stands for. */
export function generateScenario(seed: number): Scenario {
  const project = projectOf(Math.floor(seed / seedsPerProject));
  const dice = diceOf(seed, "runs");
  const worlds = project.bronze.map((spec, index) => ({ spec, world: sourceWorld(diceOf(seed, "changes", index), spec) }));
  // Most of what can go wrong needs two runs; the rest gets its share.
  const count = dice.pick([2, 2, 2, 2, 2, 3, 3, 4]);
  const revisedFrom = project.models.some((model) => model.revised !== null) && dice.chance(0.4) ? 1 + dice.below(count) : count;
  const poisoned = new Set<string>();
  const commits = [
    ...(project.bronze.some(({ chunks }) => chunks !== null) ? ["an extract", "a load", "a load"] : []),
    ...(project.models.some(({ materialize }) => "chunks" in materialize) ? ["a split", "a chunk", "a chunk"] : []),
  ];
  const chunked = diceOf(seed, "chunks", 1);
  const crash = (): CrashPoint => (commits.length > 0 && chunked.chance(0.25) ? crashAtOne(chunked, commits) : crashPoint(dice));
  const cleans = diceOf(seed, "clean");
  const replays = diceOf(seed, "replays", 1);
  const isSoiled = project.bronze.some(({ dirt }) => dirt > 0.1);
  const runs = Array.from({ length: count }, (_, index): RunSpec => {
    const poison = index > 0 && index < count - 1 && dice.chance(0.12) ? dice.pick(worlds).spec.name : null;
    const quiet = index > 0 && dice.chance(0.1);
    const changes = worlds.flatMap(({ spec, world }) => {
      // What a run has to refuse is put right with the table's next batch.
      const heals = index === count - 1 && poisoned.has(spec.name);
      const happens = index === 0 || poison === spec.name || heals || (!quiet && dice.chance(0.65));
      return happens ? world.batch(index, poison === spec.name) : [];
    });
    if (poison !== null) poisoned.add(poison);
    return {
      number: index + 1,
      clean: index > 0 && cleans.chance(0.15) ? cleans.pick([0, 0, 1]) : null,
      replay: index > 0 && isSoiled && replays.chance(0.4),
      changes,
      select: index > 0 && dice.chance(0.15) ? selection(dice, project) : null,
      crash: dice.chance(0.4) ? crash() : null,
      fullRefresh: index > 0 && dice.chance(0.05),
      alwaysRefresh: dice.chance(0.85),
      concurrency: dice.pick([1, 1, 2, 3]),
      revised: index >= revisedFrom,
    };
  });
  // What a snapshot infers carries the time it was inferred at: the reference knows that of the run's start.
  const infers = project.models.some(({ materialize }) => materialize.kind === "snapshot" && materialize.missing === "close");
  const tick = !infers && dice.chance(0.5) ? 1 + dice.below(20) : 0;
  return { seed, project, runs, tick, glimpses: dice.chance(0.08), onceMore: dice.chance(0.15), freshBuild: dice.chance(0.06) };
}

let latest: { readonly seed: number; readonly project: ProjectSpec } | null = null;

/** The same value for the same seed, so that it is compiled once. */
function projectOf(seed: number): ProjectSpec {
  if (latest?.seed === seed) return latest.project;
  const dice = diceOf(seed, "project");
  const specs = bronzeSpecs(dice);
  const chunked = diceOf(seed, "chunks");
  const rules = diceOf(seed, "rules");
  const replays = diceOf(seed, "replays");
  const bronze = specs.map((spec) => loadedInChunks(chunked, soiled(replays, spec)));
  const models = modelSpecs(dice, bronze).map((model) => ruled(rules, builtInChunks(chunked, model)));
  latest = { seed, project: { bronze, models } };
  return latest.project;
}

const selection = (dice: Dice, project: ProjectSpec): RunSpec["select"] => {
  const some = dice.some([...project.bronze, ...project.models], 0.4).map((spec) => spec.name);
  return some.length === 0 ? null : some;
};

/** Loads and builds in chunks are a small part of what a run does. */
const crashAtOne = (dice: Dice, commits: readonly string[]): CrashPoint => ({
  count: { label: `commit of ${dice.pick(commits)}` },
  number: 1 + dice.below(2),
  when: dice.pick(["before", "torn"] as const),
});

function crashPoint(dice: Dice): CrashPoint {
  if (dice.chance(0.4)) return { count: "operation", number: 1 + dice.below(dice.pick([10, 60, 250])), when: "before" };
  const number = 1 + dice.below(dice.pick([6, 25]));
  const when = dice.pick(["before", "torn"] as const);
  // Hardly a run gets that far; and one in which a step fails hardly ever dies right there.
  return number > 18 ? { count: { label: "commit of a failure" }, number: 1, when } : { count: "durable", number, when };
}
