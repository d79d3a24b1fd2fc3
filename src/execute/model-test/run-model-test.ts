import type { BronzeTable } from "../../compile/manifest.ts";
import type { CompiledBatch, CompiledTest } from "../../compile/model-test/compile-model-test.ts";
import { isSeed } from "../../compile/model-test/test-manifest.ts";
import type { Plan } from "../../plan/plan.ts";
import { type Observation, planRun } from "../../plan/plan-run.ts";
import type { Session } from "../../ports/engine.ts";
import type { SourceFile } from "../../ports/source.ts";
import type { State } from "../../ports/state-store.ts";
import type { RunResult, TableName } from "../../terms.ts";
import { executePlan } from "../execute-plan.ts";
import { compareRows } from "./compare-rows.ts";
import { type FixtureFiles, fixtureFiles, layeredLake } from "./fixture-source.ts";
import { judgeFailure } from "./judge-failure.ts";
import type { TestFailure } from "./test-result.ts";
import type { TestWorld } from "./test-world.ts";

/** Carries a test out, batch by batch, by the plan and the steps of an ordinary run; what is wrong after the first batch that is not as expected, or null. */
export async function runModelTest(test: CompiledTest, world: TestWorld): Promise<TestFailure | null> {
  const session = await world.engine.session();
  try {
    const files = fixtureFiles();
    const arrived = new Map<TableName, readonly SourceFile[]>();
    for (const [index, batch] of test.batches.entries()) {
      for (const fixture of batch.given) {
        const table = test.manifest.tables.find((item): item is BronzeTable => item.name === fixture.table && item.kind === "bronze");
        if (table !== undefined) arrived.set(table.name, filesAfter(table, arrived.get(table.name) ?? [], files, fixture, index));
      }
      const { result, before } = await runBatch(test, batch, index, world, session, files, arrived);
      const published =
        before.publications.has(test.model) || result.steps.some((step) => step.table === test.model && step.status === "succeeded");
      const problem = await judgeBatch(test, batch, session, result, published);
      if (problem !== null) {
        const { filled, unchecked } = test;
        return { batch: test.batches.length === 1 ? null : index + 1, errors: [], diff: null, filled, unchecked, ...problem };
      }
    }
    return null;
  } finally {
    session.close();
  }
}

/** What the source holds when a batch has arrived: a file more, or, where the table is what its files hold, another one in place of the last. */
function filesAfter(
  table: BronzeTable,
  before: readonly SourceFile[],
  files: FixtureFiles,
  fixture: CompiledBatch["given"][number],
  index: number,
): readonly SourceFile[] {
  return table.load === "replace"
    ? [files.add("rows", fixture)]
    : [...before, files.add(`batch_${String(index + 1).padStart(4, "0")}`, fixture)];
}

async function runBatch(
  test: CompiledTest,
  batch: CompiledBatch,
  index: number,
  world: TestWorld,
  session: Session,
  files: FixtureFiles,
  arrived: ReadonlyMap<TableName, readonly SourceFile[]>,
): Promise<{ readonly result: RunResult; readonly before: State }> {
  const { now } = batch;
  if (now !== null) await world.fixTime(session, now);
  const state = world.state();
  const observations = await observe(test, world, arrived);
  const lake = layeredLake(world.lake);
  const result = await executePlan(planOf(test, state, observations, lake.absolute("")), {
    manifest: test.manifest,
    engine: world.engine,
    store: world.store,
    lake,
    source: files.source(world.source),
    openSink: () => Promise.reject(new Error("a test has no sinks")),
    observations,
    state,
    fullRefresh: false,
    // A few rows are cheaper to build in full; the test is to see what a large table would go through.
    alwaysRefresh: true,
    clock: now === null ? world.clock : () => now,
    runId: `batch_${String(index + 1).padStart(4, "0")}`,
    scratch: world.scratch,
    concurrency: 1,
    secrets: [],
    emit: () => undefined,
  });
  return { result, before: state };
}

async function observe(
  test: CompiledTest,
  world: TestWorld,
  arrived: ReadonlyMap<TableName, readonly SourceFile[]>,
): Promise<ReadonlyMap<TableName, Observation>> {
  const given = new Set(test.batches.flatMap((batch) => batch.given.map((fixture) => fixture.table)));
  const observations = new Map<TableName, Observation>();
  for (const table of test.manifest.tables) {
    if (table.kind !== "bronze") continue;
    const fromProject = isSeed(table) && !given.has(table.name);
    observations.set(table.name, { files: fromProject ? await world.listSeed(table) : (arrived.get(table.name) ?? []) });
  }
  return observations;
}

function planOf(test: CompiledTest, state: State, observations: ReadonlyMap<TableName, Observation>, lake: string): Plan {
  return planRun({
    manifest: test.manifest,
    state,
    observations,
    targets: new Map(),
    selected: new Set(test.manifest.tables.map((table) => table.name)),
    lake,
    pipeline: "test",
    environment: "test",
    params: test.params,
    fullRefresh: false,
  });
}

/** What is wrong after a batch, or null. */
async function judgeBatch(
  test: CompiledTest,
  batch: CompiledBatch,
  session: Session,
  result: RunResult,
  published: boolean,
): Promise<(Pick<TestFailure, "message"> & Partial<TestFailure>) | null> {
  const failure = judgeFailure(result, batch.expectFailure);
  if (failure !== null || batch.expect === null) return failure;
  if (!published) return { message: `${test.model} was not published` };
  const diff = await compareRows(session, test.model, batch.expect);
  return diff === null ? null : { message: `${test.model} does not hold the expected rows`, diff };
}
