import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Database, memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { fileSource } from "../../src/adapters/files/index.ts";
import { localLake } from "../../src/adapters/files/lake.ts";
import type { BronzeTable, Manifest } from "../../src/compile/manifest.ts";
import { AssayError } from "../../src/errors.ts";
import { executePlan } from "../../src/execute/execute-plan.ts";
import type { RunEvent } from "../../src/execute/run-event.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Observation, planRun } from "../../src/plan/plan-run.ts";
import { recalled } from "../../src/plan/recalled.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { Source } from "../../src/ports/source.ts";
import type { State } from "../../src/ports/state-store.ts";
import { mappedKinds, type RunResult, type TableName } from "../../src/terms.ts";
import type { Dice } from "./dice.ts";
import { guardedEngine, guardedLake, guardedSessions, guardedSource, type Sabotage } from "./guarded.ts";
import type { Replay } from "./replays.ts";
import type { CrashPoint, RunSpec } from "./scenario.ts";
import { Crash, scheduleOf } from "./schedule.ts";
import { folderOf } from "./source-files.ts";
import { firstDay } from "./source-world.ts";

/** The platform on a disk and a database that outlive its processes. */
export interface Platform {
  readonly folder: string;
  readonly database: Database;
  /** A session beside the platform's, to look with. */
  readonly look: Session;
  close(): Promise<void>;
}

let engine: Promise<Database> | undefined;
let opened = 0;

/** A database of its own in memory. Starting an engine takes longer than a run: one serves all databases of a process. */
async function emptyDatabase(): Promise<Database> {
  engine ??= memoryDatabase();
  const { session } = await engine;
  const control = await session();
  const name = `simulated_${++opened}`;
  await control.execute({ text: `attach ':memory:' as ${name}` });
  return {
    session: async () => {
      const one = await session();
      await one.execute({ text: `use ${name}` });
      return one;
    },
    close: () => {
      void control.execute({ text: `detach ${name}` }).finally(() => control.close());
    },
  };
}

export async function openPlatform(folder: string): Promise<Platform> {
  const database = await emptyDatabase();
  await mkdir(join(folder, "scratch"), { recursive: true });
  const look = await database.session();
  return {
    folder,
    database,
    look,
    close: async () => {
      look.close();
      database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** When the nth run starts, in milliseconds since 1970. */
export const startOf = (index: number): number => firstDay + index * 86_400_000;

/** What became of one process that ran the plan. */
export interface ProcessOutcome {
  readonly runId: string;
  /** Milliseconds since 1970 of the run's start. */
  readonly now: number;
  /** Null: the process died, or refused to begin. */
  readonly result: RunResult | null;
  readonly crashed: string | null;
  readonly crashedAt: CrashPoint | null;
  /** The selection makes no sense yet. */
  readonly refused: AssayError | null;
  readonly plan: Plan | null;
  readonly operations: number;
}

export interface ProcessOptions {
  readonly run: RunSpec;
  readonly replay: Replay | null;
  readonly tick: number;
  readonly dice: Dice;
  readonly sabotage: Sabotage;
  /** Called when something new can be seen, while nothing else happens. */
  readonly committed: () => Promise<void>;
  readonly trace: (line: string) => void;
}

/** One process as `assay run` is one: state is read, a plan made and carried out. */
export async function runProcess(platform: Platform, manifest: Manifest, options: ProcessOptions): Promise<ProcessOutcome> {
  const { run, replay, tick, dice, sabotage, committed, trace } = options;
  const runId = `run-${String(run.number).padStart(2, "0")}`;
  const now = startOf(run.number);
  let time = now;
  const clock = (): number => {
    time += tick;
    return time;
  };
  const schedule = scheduleOf(dice, run.crash, trace);
  const sessions = guardedSessions(() => platform.database.session(), schedule, sabotage, platform.folder, committed);
  const scratch = join(platform.folder, "scratch", runId);
  const store = duckdbStateStore();
  let plan: Plan | null = null;
  let stepsLeft = 0;
  const outcome = (more: Partial<ProcessOutcome>): ProcessOutcome => ({
    runId,
    now,
    result: null,
    crashed: null,
    crashedAt: schedule.crashedAt(),
    refused: null,
    plan,
    operations: schedule.operations(),
    ...more,
  });
  try {
    const session = await sessions.open();
    await store.migrate(session);
    const state = await store.read(session);
    session.close();
    const looked = await observe(platform, manifest, state, clock);
    const asBefore = bronzeOf(manifest).flatMap((table) =>
      replay?.requests.has(table.name) ? [[table.name, recalled(table, state)] as const] : [],
    );
    const observations = new Map([...looked, ...asBefore]);
    plan = planOf(platform, manifest, state, observations, run, replay);
    const result = await executePlan(plan, {
      manifest,
      engine: guardedEngine(duckdbEngine(platform.database), sessions),
      store,
      lake: guardedLake(localLake(join(platform.folder, "lake")), schedule),
      source: guardedSource(fileSource(clock), schedule),
      openSink: () => Promise.reject(new Error("no sink")),
      observations,
      ...(replay === null ? {} : { replays: replay.requests }),
      state,
      fullRefresh: run.fullRefresh,
      alwaysRefresh: run.alwaysRefresh,
      clock,
      runId,
      scratch,
      concurrency: run.concurrency,
      secrets: [],
      emit: (event) => {
        if (event.kind === "RunStarted") stepsLeft = event.steps.length;
        if (event.kind === "StepFinished" && !mappedKinds.includes(event.result.kind)) stepsLeft--;
        traceEvent(event, trace);
      },
    });
    return outcome({ result });
  } catch (error) {
    const crashed = schedule.crashed();
    if (crashed !== null) {
      await sessions.abandon();
      // A dead process tidies up nothing.
      if (stepsLeft > 0) {
        await mkdir(scratch, { recursive: true });
        await writeFile(join(scratch, "left-behind"), "");
      }
      return outcome({ crashed });
    }
    if (error instanceof AssayError && error.code === "UPSTREAM_MISSING") return outcome({ refused: error });
    throw error instanceof Crash ? new Error("a crash without a crash point", { cause: error }) : error;
  }
}

/** What a run would do now. */
export async function planNow(platform: Platform, manifest: Manifest, state: State): Promise<Plan> {
  const observations = await observe(platform, manifest, state, () => firstDay);
  return planOf(platform, manifest, state, observations, { select: null, fullRefresh: false });
}

function planOf(
  platform: Platform,
  manifest: Manifest,
  state: State,
  observations: ReadonlyMap<TableName, Observation>,
  run: Pick<RunSpec, "select" | "fullRefresh">,
  replay: Replay | null = null,
): Plan {
  return planRun({
    manifest,
    state,
    observations,
    targets: new Map(),
    selected: new Set(run.select ?? manifest.tables.map((table) => table.name)),
    lake: join(platform.folder, "lake"),
    pipeline: "all",
    environment: "dev",
    params: {},
    fullRefresh: run.fullRefresh,
    ...(replay === null ? {} : { replays: new Map([...replay.requests].map(([name, rows]) => [name, rows.length] as const)) }),
  });
}

const bronzeOf = (manifest: Manifest): readonly BronzeTable[] => manifest.tables.filter((table) => table.kind === "bronze");

async function observe(
  platform: Platform,
  manifest: Manifest,
  state: State,
  clock: () => number,
): Promise<ReadonlyMap<TableName, Observation>> {
  const source: Source = fileSource(clock);
  const entries = await Promise.all(
    bronzeOf(manifest).map(async (table): Promise<readonly [TableName, Observation]> => {
      const known = state.files
        .filter((file) => file.table === table.name)
        .map((file) => [file.name, { name: file.name, stamp: file.stamp, sha256: file.sha256, stampedAt: file.stamped_at }] as const);
      const folder = join(platform.folder, "sources", folderOf({ name: table.name as `bronze.${string}` }));
      try {
        return [table.name, { files: await source.list(table.source, folder, new Map(known), []) }];
      } catch (error) {
        if (error instanceof AssayError) return [table.name, { error }];
        throw error;
      }
    }),
  );
  return new Map(entries);
}

function traceEvent(event: RunEvent, trace: (line: string) => void): void {
  if (event.kind !== "StepFinished") return;
  const { result } = event;
  const what = result.error === null ? `${result.rows_out ?? ""} rows, changes ${JSON.stringify(result.changes)}` : result.error.message;
  trace(`  ${result.status} ${result.step}: ${result.reason}; ${what}`);
}
