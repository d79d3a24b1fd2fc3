import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Manifest, ManifestTable } from "../../src/compile/manifest.ts";
import type { State } from "../../src/ports/state-store.ts";
import type { StepResult, TableName } from "../../src/terms.ts";
import { type BronzeContent, ingested, noContent, replayed, type SentFile } from "./bronze-reference.ts";
import { checkChanges, type SeenVersions } from "./change-oracle.ts";
import { cleanUp } from "./clean-up.ts";
import { compileSpec } from "./compile-project.ts";
import { checkLedger, compareContents, compareQuarantine } from "./content-oracle.ts";
import { type Counters, count } from "./counters.ts";
import { diceOf } from "./dice.ts";
import { checkFreshBuild } from "./fresh-build.ts";
import { glimpsesOf } from "./glimpses.ts";
import { openPlatform, type Platform, type ProcessOutcome, planNow, runProcess, startOf } from "./platform.ts";
import { type Replay, replayOf } from "./replays.ts";
import type { CrashPoint, RunSpec, Scenario } from "./scenario.ts";
import { contentsOf, openShadow, type Shadow } from "./shadow.ts";
import { applyChange } from "./source-files.ts";
import { checkState, type Record, readRecord } from "./state-oracle.ts";
import { verifyModels } from "./verify-models.ts";
import { Violation } from "./violation.ts";

export interface SimulationOptions {
  /** Folder of this simulation alone; it is removed at the end. */
  readonly folder: string;
  readonly sabotage: (text: string) => string;
  readonly trace: (line: string) => void;
  /** Told where a run's process died. */
  readonly died: (run: number, at: CrashPoint) => void;
}

/** A simulation under way. */
interface World extends SimulationOptions {
  readonly scenario: Scenario;
  readonly platform: Platform;
  readonly shadow: Shadow;
  readonly counters: Counters;
  /** Files at the sources, by table. */
  readonly sources: Map<TableName, Map<string, SentFile>>;
  readonly bronze: Map<TableName, BronzeContent>;
  readonly seen: SeenVersions;
  /** Count and content hash of every published table after the run before. */
  contents: ReadonlyMap<TableName, string>;
  /** Were the state tables there after a run before? */
  recorded: boolean;
}

/** Whatever happened before: one run of everything that nobody disturbs, unless the one before was just that. */
const lastRun: RunSpec = {
  number: 99,
  clean: null,
  replay: false,
  changes: [],
  select: null,
  crash: null,
  fullRefresh: false,
  alwaysRefresh: true,
  concurrency: 1,
  revised: false,
};

/** Lets everything of a scenario happen; null: every promise was kept. */
export async function simulate(scenario: Scenario, counters: Counters, options: SimulationOptions): Promise<Violation | null> {
  mkdirSync(options.folder, { recursive: true });
  const platform = await openPlatform(options.folder);
  try {
    const shadow = await openShadow();
    const world: World = {
      ...options,
      scenario,
      platform,
      shadow,
      counters,
      sources: new Map(),
      bronze: new Map(),
      seen: new Map(),
      contents: new Map(),
      recorded: false,
    };
    let manifest = await compiled(scenario, false);
    let isWhole = false;
    for (const model of scenario.project.models) for (const construct of model.constructs) count(counters, `model: ${construct}`);
    for (const run of [...scenario.runs, { ...lastRun, revised: scenario.runs.some((run) => run.revised) }]) {
      if (run.number === lastRun.number && isWhole && !scenario.onceMore) break;
      if (run.clean !== null && world.recorded) await cleanBefore(world, manifest, run.number, run.clean, isWhole);
      if (run.revised) manifest = await compiled(scenario, true);
      isWhole = await happens(world, manifest, run);
    }
    if (scenario.freshBuild && isWhole) {
      const folder = `${options.folder}-fresh`;
      const run = { ...lastRun, revised: scenario.runs.some((run) => run.revised) };
      count(counters, "models verified", await verifyModels(platform, manifest, startOf(run.number)));
      count(counters, "tables equal to a fresh build", await checkFreshBuild(scenario, manifest, world.bronze, shadow, run, folder));
    }
    return null;
  } catch (error) {
    if (error instanceof Violation) return error;
    return new Violation("nothing is thrown", error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await platform.close();
  }
}

const manifests = new WeakMap<Scenario["project"], Map<boolean, Promise<Manifest>>>();

function compiled({ project }: Scenario, revised: boolean): Promise<Manifest> {
  const known = manifests.get(project) ?? new Map<boolean, Promise<Manifest>>();
  manifests.set(project, known);
  const manifest = known.get(revised) ?? compileSpec(project, revised);
  known.set(revised, manifest);
  return manifest;
}

/** Nothing that is seen changes, and nothing has to be built again. */
async function cleanBefore(world: World, manifest: Manifest, run: number, days: number, isWhole: boolean): Promise<void> {
  const { platform, counters, trace } = world;
  trace(`clean, keeping ${days} days`);
  const { state, batches } = await cleanUp(platform, manifest, startOf(run) - 3_600_000, days);
  count(counters, "cleaned: batches", batches.length);
  count(counters, "cleaned: row changes", state.changes.length);
  count(counters, "cleaned: runs", state.runs.length);
  if (state.subjects.length > 0) throw new Violation("clean removes a table", state.subjects.join(", "));
  const record = await readRecord(platform, true);
  if (record === null) return;
  const found = await contentsOf(
    platform.look,
    manifest.tables.filter((table) => record.state.publications.has(table.name)),
  );
  for (const [name, content] of found) {
    if (content !== world.contents.get(name)) throw new Violation("clean changes a table", `${name}: ${content}`);
  }
  if (isWhole) await checkNothingToDo(world, manifest, record.state);
}

/** A run and what happened before it. Returns whether everything is as new as its sources now. */
async function happens(world: World, manifest: Manifest, planned: RunSpec): Promise<boolean> {
  const { platform, counters, scenario, trace } = world;
  const replays = diceOf(scenario.seed, "replays", 1 + planned.number);
  const replay = planned.replay ? await replayOf(platform, manifest, scenario.project, replays) : null;
  const run = replay === null ? planned : { ...planned, select: replay.select, fullRefresh: false };
  if (replay !== null) trace(`replay of ${[...replay.requests].map(([name, rows]) => `${rows.length} rows of ${name}`).join(", ")}`);
  trace(`run ${run.number}${run.select === null ? "" : ` of ${run.select.join(", ")}`}`);
  for (const change of run.changes) {
    const spec = scenario.project.bronze.find((item) => item.name === change.table);
    if (spec === undefined) continue;
    const files = world.sources.get(change.table) ?? new Map<string, SentFile>();
    world.sources.set(change.table, files);
    if (change.rows === null) files.delete(change.file);
    else files.set(change.file, { name: change.file, rows: change.rows, mended: new Map() });
    await applyChange(join(platform.folder, "sources"), spec, change, startOf(run.number) / 1000 - 3600, world.shadow.session);
  }
  const { tick } = scenario;
  const dice = diceOf(scenario.seed, "order", run.number);
  const glimpses = scenario.glimpses ? glimpsesOf(platform, manifest) : null;
  const before = world.contents;
  const committed = async (): Promise<void> => glimpses?.look();
  const outcome = await runProcess(platform, manifest, { run, replay, tick, dice, sabotage: world.sabotage, committed, trace });
  if (outcome.crashedAt !== null) world.died(run.number, outcome.crashedAt);
  countOutcome(counters, manifest, run, outcome);
  if (replay !== null && outcome.result !== null) count(counters, `runs that replay: ${outcome.result.status}`);
  const record = await readRecord(platform, world.recorded);
  if (record === null) return false;
  world.recorded = true;
  await follow(world, manifest, run, replay, outcome, record);
  world.contents = await compareContents(world, manifest, outcome, record.state);
  count(counters, "rows replayed", await compareQuarantine(world, scenario.project, record.state));
  if (glimpses !== null) count(counters, "looks in the midst of a run", glimpses.check(before, world.contents));
  await checkState(platform, manifest, outcome, record, world.contents);
  await checkChanges(world, manifest, record.state);
  if (outcome.result === null) return false;
  checkLedger(outcome.result);
  const isWhole = run.select === null && outcome.result.status === "succeeded";
  if (isWhole) await checkNothingToDo(world, manifest, record.state);
  return isWhole;
}

/** What the run did, and had to do, to every table. */
async function follow(
  world: World,
  manifest: Manifest,
  run: RunSpec,
  replay: Replay | null,
  outcome: ProcessOutcome,
  record: Record,
): Promise<void> {
  const steps = record.steps.filter((step) => step.run === outcome.runId);
  const isWhole = run.select === null && outcome.result?.status === "succeeded";
  for (const table of manifest.tables) {
    const status = steps.find((step) => step.table === table.name)?.status ?? "none";
    if (!isWhole && status !== "succeeded" && status !== "failed") continue;
    const possible = await expect(world, table, run, replay, outcome.now, status !== "failed");
    if (possible && status === "failed") {
      const error = outcome.result?.steps.find((step) => step.table === table.name)?.error;
      throw new Violation("step fails without a reason", `${table.name}: ${error?.message ?? "not known"}`);
    }
    if (!possible && status !== "failed") throw new Violation("published what had to be refused", table.name);
    if (!possible) count(world.counters, "steps refused, as they had to be");
  }
}

/** Moves the expectation of a table on; false: what it is shown has to be refused. */
async function expect(
  world: World,
  table: ManifestTable,
  run: RunSpec,
  replay: Replay | null,
  now: number,
  move: boolean,
): Promise<boolean> {
  const spec = world.scenario.project.bronze.find((item) => item.name === table.name);
  if (spec !== undefined) {
    const shown = [...(world.sources.get(spec.name)?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1));
    const before = world.bronze.get(spec.name) ?? noContent;
    const mends = replay?.mends.get(spec.name);
    const content = mends === undefined ? ingested(spec, before, shown, run.fullRefresh) : replayed(spec, before, mends);
    if (content === null || !move) return content !== null;
    world.bronze.set(spec.name, content);
    await world.shadow.setBronze(spec, content.rows);
    return true;
  }
  const model = world.scenario.project.models.find((item) => item.name === table.name);
  if (model === undefined || table.kind !== "model") throw new Error(`no model ${table.name}`);
  // Only a history, and what has a rule, may have to be refused; looking twice changes nothing.
  if (!move && model.materialize.kind !== "snapshot" && model.rule === null) return true;
  return world.shadow.build(table, model, now);
}

async function checkNothingToDo(world: World, manifest: Manifest, state: State): Promise<void> {
  const plan = await planNow(world.platform, manifest, state);
  const todo = plan.steps.filter((step) => step.action === "run");
  if (todo.length > 0)
    throw new Violation("there is something to do twice", todo.map((step) => `${step.step}: ${step.because}`).join("; "));
  for (const publication of state.publications.values()) {
    for (const [upstream, version] of Object.entries(publication.inputs)) {
      const newest = state.publications.get(upstream)?.version;
      if (newest !== undefined && newest !== version)
        throw new Violation("cursor behind its table", `${publication.subject} has read ${upstream} up to ${version} of ${newest}`);
    }
  }
}

function countBuild(counters: Counters, manifest: Manifest, { table, touched, notes }: StepResult): void {
  const model = manifest.tables.find((item) => item.name === table);
  if (model?.kind !== "model") return;
  const { kind } = model.materialize;
  count(counters, `${kind}: ${touched === null ? "built in full" : "refreshed"}`);
  if (notes.some((note) => note.includes("that is cheaper"))) count(counters, `${kind}: full, as that is cheaper`);
}

function countOutcome(counters: Counters, manifest: Manifest, run: RunSpec, outcome: ProcessOutcome): void {
  count(counters, "runs");
  count(counters, "operations", outcome.operations);
  if (outcome.crashed !== null) {
    count(counters, "crashes");
    if (!outcome.crashed.endsWith(" sql")) count(counters, `crash ${outcome.crashed}`);
    return;
  }
  if (outcome.refused !== null) {
    count(counters, "runs refused: upstream missing");
    return;
  }
  count(counters, `runs ${outcome.result?.status}`);
  if (run.select !== null) count(counters, "runs of some tables");
  if (run.fullRefresh) count(counters, "runs with a full refresh");
  if (run.revised) count(counters, "runs with revised models");
  for (const step of outcome.result?.steps ?? []) {
    count(counters, `steps ${step.status}`);
    if (step.status === "succeeded" && step.kind === "build") countBuild(counters, manifest, step);
    if (step.kind === "split" && step.notes.some((note) => / in \d+ chunks$/.test(note))) count(counters, "incremental: built in chunks");
    if (step.kind === "load" && step.status === "succeeded") count(counters, "bronze: loaded in chunks");
    if (step.notes.some((note) => note.startsWith("goes on with")))
      count(counters, `${step.kind === "split" ? "incremental" : "bronze"}: chunks of a run before`);
    if (step.reason.startsWith("unchanged: what it reads")) count(counters, "cut-offs");
    if (step.quarantined > 0) count(counters, "rows in quarantine", step.quarantined);
    count(counters, "rows inserted", step.changes?.inserted ?? 0);
    count(counters, "rows updated", step.changes?.updated ?? 0);
    count(counters, "rows deleted", step.changes?.deleted ?? 0);
    for (const note of step.notes) if (note.includes("put in the middle")) count(counters, "late versions");
  }
}
