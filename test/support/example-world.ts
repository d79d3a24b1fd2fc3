import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSource } from "../../src/adapters/files/index.ts";
import { localLake } from "../../src/adapters/files/lake.ts";
import { compileProject } from "../../src/compile/compile.ts";
import type { BronzeTable, Manifest } from "../../src/compile/manifest.ts";
import { loadProject } from "../../src/compile/project.ts";
import { columnList, quoteTable } from "../../src/define/quote.ts";
import { executePlan } from "../../src/execute/execute-plan.ts";
import { type Observation, planRun } from "../../src/plan/plan-run.ts";
import type { Cell } from "../../src/ports/engine.ts";
import type { Source } from "../../src/ports/source.ts";
import type { Params, RunResult, TableName } from "../../src/terms.ts";
import type { OpenedEngine } from "../conformance/world.ts";
import { root } from "./project.ts";
import { reusableAnalyzer } from "./reusable-analyzer.ts";

/** An example project on an engine, its files read from a folder. */
export interface ExampleWorld {
  readonly manifest: Manifest;
  readonly run: (params?: Params) => Promise<RunResult>;
  /** A table's rows, each as one text, sorted. */
  readonly rows: (table: TableName) => Promise<readonly string[]>;
  /** A hash of every table's rows, whatever the engine. */
  readonly hashes: () => Promise<Readonly<Record<string, string>>>;
  readonly close: () => Promise<void>;
}

/** Opens an example; sinks are left out. `data`: folder of its files. */
export async function openExample(name: string, data: string, open: () => Promise<OpenedEngine>): Promise<ExampleWorld> {
  const [analyzer, { engine, store, translate, close }] = await Promise.all([reusableAnalyzer(), open()]);
  const project = { ...(await loadProject(join(root, "examples", name), root)), sinks: [] };
  const compiled = await compileProject(project, analyzer);
  const manifest = translate === undefined ? compiled : await translate(compiled, project, analyzer);
  const folder = await mkdtemp(join(tmpdir(), "assay-example-"));
  const session = await engine.session();
  await store.migrate(session);
  let runs = 0;
  const rows = async (table: TableName): Promise<readonly string[]> => {
    const columns = manifest.tables.find((item) => item.name === table)?.columns.map((column) => column.name) ?? [];
    const result = await session.result({ text: `select ${columnList(columns)} from ${quoteTable(table)}` });
    return result.rows.map(textOf).sort();
  };
  return {
    manifest,
    rows,
    run: async (params = {}) => {
      const state = await store.read(session);
      const observations = await observe(manifest, data);
      const lake = join(folder, "lake");
      const selected = new Set(manifest.tables.map((table) => table.name));
      const asked = { pipeline: "all", environment: "dev", params, fullRefresh: false };
      const plan = planRun({ manifest, state, observations, targets: new Map(), selected, lake, ...asked });
      runs++;
      const runId = `run-${runs}`;
      return executePlan(plan, {
        manifest,
        engine,
        store,
        lake: localLake(lake),
        source: fileSource(Date.now),
        openSink: () => Promise.reject(new Error("sinks are left out")),
        observations,
        state,
        fullRefresh: false,
        alwaysRefresh: true,
        clock: Date.now,
        runId,
        scratch: join(folder, "scratch", runId),
        concurrency: 2,
        secrets: [],
        emit: () => undefined,
      });
    },
    hashes: async () => {
      const found: Record<string, string> = {};
      for (const { name: table } of manifest.tables) {
        const texts = await rows(table);
        found[table] = `${texts.length} rows ${createHash("sha256").update(texts.join("\n")).digest("hex")}`;
      }
      return found;
    },
    close: async () => {
      session.close();
      await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const textOf = (values: readonly Cell[]): string => JSON.stringify(values);

async function observe(manifest: Manifest, data: string): Promise<ReadonlyMap<TableName, Observation>> {
  const source: Source = fileSource(Date.now);
  const tables = manifest.tables.filter((table): table is BronzeTable => table.kind === "bronze");
  const entries = tables.map(
    async (table): Promise<readonly [TableName, Observation]> => [
      table.name,
      { files: await source.list(table.source, data, new Map(), []) },
    ],
  );
  return new Map(await Promise.all(entries));
}
