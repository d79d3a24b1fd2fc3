import type { FileChange, ProjectSpec, RunSpec, Scenario } from "./scenario.ts";
import type { Violation } from "./violation.ts";

/** Lets a scenario happen again; null: nothing is wrong with it. */
export type Attempt = (scenario: Scenario) => Promise<Violation | null>;

/** The smallest scenario found that breaks the same promise, and how. Tries as many as `attempts`. */
export async function shrink(
  scenario: Scenario,
  violation: Violation,
  attempt: Attempt,
  attempts: number,
): Promise<{ readonly scenario: Scenario; readonly violation: Violation }> {
  let smallest = { scenario, violation };
  let left = attempts;
  for (let progress = true; progress && left > 0; ) {
    progress = false;
    for (const candidate of smallerThan(smallest.scenario)) {
      if (left-- <= 0) break;
      const found = await attempt(candidate);
      if (found === null || found.promise !== violation.promise) continue;
      smallest = { scenario: candidate, violation: found };
      progress = true;
      break;
    }
  }
  return smallest;
}

/** Scenarios with less in them, those that leave out most first. */
function* smallerThan(scenario: Scenario): Generator<Scenario> {
  const { project, runs } = scenario;
  yield* withoutRuns(scenario);
  for (const model of [...project.models].reverse()) yield withProject(scenario, withoutTable(project, model.name));
  for (const table of project.bronze) yield withProject(scenario, withoutTable(project, table.name));
  yield* runs.flatMap((run, at) => simplerRuns(run).map((simpler) => withRun(scenario, at, simpler)));
  yield* simplerModels(scenario);
  for (const [at, run] of runs.entries()) {
    for (const changes of fewerChanges(run.changes)) yield withRun(scenario, at, { ...run, changes });
  }
  if (scenario.tick > 0) yield { ...scenario, tick: 0 };
  if (scenario.onceMore) yield { ...scenario, onceMore: false };
  if (scenario.glimpses) yield { ...scenario, glimpses: false };
  if (scenario.freshBuild) yield { ...scenario, freshBuild: false };
}

/** Without one run, and with what happened before it left to happen before the next. */
function* withoutRuns(scenario: Scenario): Generator<Scenario> {
  const { runs } = scenario;
  for (const [at, run] of runs.entries()) {
    const others = runs.filter((item) => item !== run);
    yield { ...scenario, runs: others };
    const next = runs[at + 1];
    if (next === undefined || run.changes.length === 0) continue;
    yield { ...scenario, runs: others.map((item) => (item === next ? { ...next, changes: [...run.changes, ...next.changes] } : item)) };
  }
}

const withRun = (scenario: Scenario, at: number, run: RunSpec): Scenario => ({ ...scenario, runs: scenario.runs.with(at, run) });

/** What happens to tables that are gone does not happen. */
function withProject(scenario: Scenario, project: ProjectSpec): Scenario {
  const names = new Set([...project.bronze, ...project.models].map((table) => table.name));
  const runs = scenario.runs.map((run) => ({
    ...run,
    changes: run.changes.filter((change) => names.has(change.table)),
    select: run.select === null ? null : run.select.filter((name) => names.has(name)),
  }));
  return { ...scenario, project, runs };
}

/** Without a table and all that reads it. */
function withoutTable(project: ProjectSpec, name: string): ProjectSpec {
  const gone = new Set([name]);
  for (const model of project.models) if (model.reads.some((read) => gone.has(read))) gone.add(model.name);
  const stays = ({ name }: { readonly name: string }): boolean => !gone.has(name);
  return { bronze: project.bronze.filter(stays), models: project.models.filter(stays) };
}

function simplerRuns(run: RunSpec): readonly RunSpec[] {
  return [
    ...(run.crash === null ? [] : [{ ...run, crash: null }]),
    ...(run.replay ? [{ ...run, replay: false }] : []),
    ...(run.clean === null ? [] : [{ ...run, clean: null }]),
    ...(run.select === null ? [] : [{ ...run, select: null }]),
    ...(run.fullRefresh ? [{ ...run, fullRefresh: false }] : []),
    ...(run.revised ? [{ ...run, revised: false }] : []),
    ...(run.concurrency > 1 ? [{ ...run, concurrency: 1 }] : []),
  ];
}

function* simplerModels(scenario: Scenario): Generator<Scenario> {
  const { project } = scenario;
  for (const [at, model] of project.models.entries()) {
    const instead = (simpler: typeof model): Scenario => ({
      ...scenario,
      project: { ...project, models: project.models.with(at, simpler) },
    });
    if (model.materialize.kind === "incremental" || model.materialize.kind === "view")
      yield instead({ ...model, materialize: { kind: "table" } });
    if (model.rule !== null) yield instead({ ...model, rule: null });
    if (model.revised !== null) yield instead({ ...model, revised: null });
  }
  for (const [at, table] of project.bronze.entries()) {
    if (!table.partitioned) continue;
    yield { ...scenario, project: { ...project, bronze: project.bronze.with(at, { ...table, partitioned: false }) } };
  }
}

/** Without one change, without half of its rows, without each. */
function* fewerChanges(changes: readonly FileChange[]): Generator<readonly FileChange[]> {
  for (const change of changes) yield changes.filter((item) => item !== change);
  for (const [at, change] of changes.entries()) {
    const { rows } = change;
    if (rows === null) continue;
    const half = Math.ceil(rows.length / 2);
    const fewer = rows.length < 2 ? [] : [rows.slice(0, half), rows.slice(half)];
    const without = rows.length > 12 ? [] : rows.map((row) => rows.filter((item) => item !== row));
    for (const left of [...fewer, ...without]) yield changes.with(at, { ...change, rows: left });
  }
}
