import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileSource } from "../../src/adapters/files/index.ts";
import { localLake } from "../../src/adapters/files/lake.ts";
import { compileProject } from "../../src/compile/compile.ts";
import type { BronzeTable, Manifest } from "../../src/compile/manifest.ts";
import type { Project } from "../../src/compile/project.ts";
import type { BronzeDefinition } from "../../src/define/bronze.ts";
import type { ModelDefinition } from "../../src/define/model.ts";
import { defineProject } from "../../src/define/project.ts";
import { columnList } from "../../src/define/quote.ts";
import { AssayError } from "../../src/errors.ts";
import type { RunControl } from "../../src/execute/context.ts";
import { executePlan } from "../../src/execute/execute-plan.ts";
import { changesBetween } from "../../src/execute/row-changes.ts";
import type { RunEvent } from "../../src/execute/run-event.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Observation, planRun } from "../../src/plan/plan-run.ts";
import type { Cell, Engine, Session } from "../../src/ports/engine.ts";
import type { Source } from "../../src/ports/source.ts";
import type { SqlAnalyzer } from "../../src/ports/sql-analyzer.ts";
import type { State, StateStore } from "../../src/ports/state-store.ts";
import type { RunResult, TableName } from "../../src/terms.ts";
import { reusableAnalyzer } from "../support/reusable-analyzer.ts";
import { type Fault, faultyEngine } from "./faults.ts";

/** An engine on an empty database. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly store: StateStore;
  /** Carries the models' SQL over to the engine's; left out where that is DuckDB's. */
  readonly translate?: (manifest: Manifest, project: Project, analyzer: SqlAnalyzer) => Promise<Manifest>;
  readonly close: () => void | Promise<void>;
}

export interface RunOptions {
  readonly fullRefresh?: boolean;
  /** Default: true, as a few rows are cheaper to build in full. */
  readonly alwaysRefresh?: boolean;
  /** Default: all tables. */
  readonly select?: readonly TableName[];
  /** Default: 1. */
  readonly concurrency?: number;
  readonly emit?: (event: RunEvent) => void;
  /** Default: nothing cancels, times out or is tried again. */
  readonly control?: RunControl;
  /** The engine, made to misbehave. */
  readonly engine?: (engine: Engine) => Engine;
}

/** A project, its files and a database, driven as `assay run` drives them. */
export interface World {
  /** Compiles what the project declares from now on. */
  readonly define: (
    bronze: readonly BronzeDefinition[],
    models: readonly ModelDefinition[],
    pools?: Readonly<Record<string, number>>,
  ) => Promise<void>;
  /** Writes a file of the project, e.g. `data/orders.csv`: a header and one line a row. */
  readonly send: (file: string, header: string, rows: readonly string[]) => Promise<void>;
  readonly remove: (file: string) => Promise<void>;
  readonly plan: (options?: RunOptions) => Promise<Plan>;
  readonly run: (options?: RunOptions) => Promise<RunResult>;
  /** A run that meets a fault; its result is null where it could not even be recorded. `happened`: the run got as far as the fault. */
  readonly runWith: (fault: Fault, options?: RunOptions) => Promise<{ readonly result: RunResult | null; readonly happened: boolean }>;
  /** A table's rows, or some of their columns, each as one text, sorted. */
  readonly rows: (table: TableName, ...columns: readonly string[]) => Promise<readonly string[]>;
  /** Recorded changes behind a version up to another: `- old row`, `+ new row`, sorted. */
  readonly changes: (table: TableName, after: string, upTo: string) => Promise<readonly string[]>;
  /** A bronze table's files as they are now. */
  readonly observe: (table: TableName) => Promise<Observation>;
  readonly state: () => Promise<State>;
  /** Batches that lie in the lake, as files on record name them. */
  readonly batches: () => Promise<readonly string[]>;
  readonly look: <T>(work: (session: Session, engine: Engine, store: StateStore) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/** Later by a minute with each run, so that nothing is at the same time by chance. */
const firstRun = Date.UTC(2030, 0, 1);
const minute = 60_000;

export async function openWorld(open: () => Promise<OpenedEngine>): Promise<World> {
  const [analyzer, { engine, store, translate, close }] = await Promise.all([reusableAnalyzer(), open()]);
  const folder = await mkdtemp(join(tmpdir(), "assay-conformance-"));
  const session = await engine.session();
  await store.migrate(session);
  let manifest: Manifest | null = null;
  let runs = 0;
  const declared = (): Manifest => {
    if (manifest === null) throw new Error("the world has no project");
    return manifest;
  };
  const tableOf = (name: TableName) => {
    const table = declared().tables.find((item) => item.name === name);
    if (table === undefined) throw new Error(`the project has no ${name}`);
    return table;
  };
  const prepare = async (options: RunOptions) => {
    const state = await store.read(session);
    const observations = await observe(declared(), folder);
    const plan = planRun({
      manifest: declared(),
      state,
      observations,
      targets: new Map(),
      selected: new Set(options.select ?? declared().tables.map((table) => table.name)),
      lake: join(folder, "lake"),
      pipeline: "all",
      environment: "dev",
      params: {},
      fullRefresh: options.fullRefresh ?? false,
    });
    return { state, observations, plan };
  };
  const carryOut = async (options: RunOptions, used: Engine): Promise<RunResult> => {
    const { state, observations, plan } = await prepare(options);
    runs++;
    const runId = `run-${String(runs).padStart(3, "0")}`;
    const now = firstRun + runs * minute;
    return executePlan(plan, {
      manifest: declared(),
      engine: used,
      store,
      lake: localLake(join(folder, "lake")),
      source: fileSource(Date.now),
      openSink: () => Promise.reject(new Error("the project has no sink")),
      observations,
      state,
      fullRefresh: options.fullRefresh ?? false,
      alwaysRefresh: options.alwaysRefresh ?? true,
      clock: () => now,
      runId,
      scratch: join(folder, "scratch", runId),
      concurrency: options.concurrency ?? 1,
      secrets: [],
      emit: options.emit ?? (() => undefined),
      ...(options.control === undefined ? {} : { control: options.control }),
    });
  };
  return {
    define: async (bronze, models, pools = {}) => {
      const config = defineProject({ name: "conformance", pools });
      const project: Project = { folder, config, bronze, models, pipelines: [], sinks: [] };
      const compiled = await compileProject(project, analyzer);
      manifest = translate === undefined ? compiled : await translate(compiled, project, analyzer);
    },
    send: async (file, header, rows) => {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), `${[header, ...rows].join("\n")}\n`);
    },
    remove: (file) => rm(join(folder, file)),
    plan: async (options = {}) => (await prepare(options)).plan,
    run: (options = {}) => carryOut(options, options.engine?.(engine) ?? engine),
    runWith: async (fault, options = {}) => {
      const faulty = faultyEngine(engine, fault);
      const result = await carryOut(options, faulty.engine).catch((error: unknown) => {
        if (!faulty.happened()) throw error;
        return null;
      });
      return { result, happened: faulty.happened() };
    },
    rows: async (name, ...columns) => {
      const names = columns.length > 0 ? columns : tableOf(name).columns.map((column) => column.name);
      const { rows } = await session.result({ text: `select ${columnList(names)} from ${session.sql.table(name)}` });
      return rows.map(textOf).sort();
    },
    changes: async (name, after, upTo) => {
      const { rows } = await session.result({ text: changesBetween(session.sql, tableOf(name), after, upTo) });
      return rows.map(([op, ...values]) => `${Number(op) < 0 ? "-" : "+"} ${textOf(values)}`).sort();
    },
    observe: async (name) => (await observe(declared(), folder)).get(name) ?? { files: [] },
    state: () => store.read(session),
    batches: async () => (await localLake(join(folder, "lake")).batches()).map((batch) => `${batch.table}/${batch.run_id}`),
    look: (work) => work(session, engine, store),
    close: async () => {
      session.close();
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const textOf = (values: readonly Cell[]): string => values.map((value) => (value === null ? "null" : String(value))).join(" ");

async function observe(manifest: Manifest, folder: string): Promise<ReadonlyMap<TableName, Observation>> {
  const source: Source = fileSource(Date.now);
  const tables = manifest.tables.filter((table): table is BronzeTable => table.kind === "bronze");
  const entries = tables.map(async (table): Promise<readonly [TableName, Observation]> => {
    const directory = table.source.kind === "postgres" ? null : table.source.directory;
    try {
      return [table.name, { files: await source.list(table.source, join(folder, String(directory ?? "data")), new Map(), []) }];
    } catch (error) {
      if (error instanceof AssayError) return [table.name, { error }];
      throw error;
    }
  });
  return new Map(await Promise.all(entries));
}
