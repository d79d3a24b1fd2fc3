import type { z } from "zod";
import { memoryDatabase } from "../../src/adapters/duckdb/database.ts";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest, ModelTable } from "../../src/compile/manifest.ts";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import type { ModelDefinition } from "../../src/define/model.ts";
import { defineProject, pipeline } from "../../src/define/project.ts";
import { csv } from "../../src/define/source.ts";
import type { Columns } from "../../src/define/types.ts";
import { buildModel } from "../../src/execute/build.ts";
import type { Run } from "../../src/execute/context.ts";
import { type StepFacts, StepFailure } from "../../src/execute/step-result.ts";
import type { Session } from "../../src/ports/engine.ts";
import type { Params, StepResult, TableName } from "../../src/terms.ts";
import { reusableAnalyzer } from "../support/reusable-analyzer.ts";

export interface BronzeTableOfTest {
  readonly name: string;
  readonly key: readonly string[];
  readonly columns: Columns;
}

const definition = ({ name, key, columns }: BronzeTableOfTest): BronzeDefinition =>
  bronze(name, { from: csv(`${name}.csv`), columns, key });

/** Compiles models over bronze tables, as `assay check` does. */
export async function compileModels(
  tables: readonly BronzeTableOfTest[],
  models: readonly ModelDefinition[],
  params?: z.ZodType,
): Promise<Manifest> {
  const pipelines = params === undefined ? [] : [pipeline("daily", { params })];
  const config = defineProject({ name: "test" });
  return compileProject({ folder: ".", config, bronze: tables.map(definition), models, pipelines, sinks: [] }, await reusableAnalyzer());
}

export interface Warehouse {
  readonly session: Session;
  /** Replaces a bronze table's rows; each row is a list of SQL literals. */
  fill(table: TableName, columns: Columns, rows: readonly (readonly string[])[]): Promise<void>;
  /** Builds one model; its facts also when a check fails. */
  build(
    manifest: Manifest,
    table: TableName,
    params?: Params,
  ): Promise<{ readonly facts: StepFacts | StepResult; readonly error: string | null }>;
  close(): void;
}

const unused = (): never => {
  throw new Error("a build does not need this");
};

/** A database with state tables whose bronze tables are plain tables, and the means to build models in it. */
export async function warehouse(): Promise<Warehouse> {
  const database = await memoryDatabase();
  const store = duckdbStateStore();
  const session = await database.session();
  await store.migrate(session);
  const engine = duckdbEngine(database);
  return {
    session,
    fill: async (table, columns, rows) => {
      const list = Object.entries(columns).map(
        ([name, { type }]) => `"${name}" ${type.kind === "decimal" ? `decimal(${type.precision}, ${type.scale})` : type.kind}`,
      );
      await session.execute({ text: `create or replace table ${table} (${list.join(", ")})` });
      if (rows.length > 0)
        await session.execute({ text: `insert into ${table} values ${rows.map((row) => `(${row.join(", ")})`).join(", ")}` });
    },
    build: async (manifest, name, params = {}) => {
      const table = manifest.tables.find((item): item is ModelTable => item.name === name && item.kind === "model");
      if (table === undefined) throw new Error(`no model ${name}`);
      const publications = new Map<string, Run["publications"] extends Map<string, infer P> ? P : never>();
      for (const upstream of table.upstreams) {
        const [row] = await session.query({ text: `select count(*) as rows from ${upstream}` });
        publications.set(upstream, {
          subject: upstream,
          version: "v",
          run_id: "v",
          fingerprint: "",
          inputs: {},
          params: {},
          rows: Number(row?.rows),
          content: null,
          cost: null,
          published_at: "",
        });
      }
      const run: Run = {
        manifest,
        engine,
        store,
        lake: {
          openBatch: unused,
          writeManifest: unused,
          absolute: unused,
          relative: unused,
          batches: unused,
          removeBatch: unused,
          removeRun: unused,
          holds: unused,
        },
        source: { list: unused, fetch: unused, compare: unused, open: unused, refusals: unused, broken: unused, without: unused },
        openSink: unused,
        observations: new Map(),
        state: { publications, files: [], commits: new Map() },
        fullRefresh: false,
        alwaysRefresh: false,
        clock: () => 0,
        runId: "r",
        scratch: "",
        concurrency: 1,
        secrets: [],
        emit: () => undefined,
        params,
        publications,
        commits: new Map(),
        frozen: new Map(),
      };
      const step = {
        step: `build ${name}`,
        kind: "build",
        table: name,
        after: [],
        because: "",
        build: null,
        action: "run",
        reason: "new",
      } as const;
      try {
        return { facts: await buildModel(run, session, step, 0, table), error: null };
      } catch (error) {
        if (error instanceof StepFailure) return { facts: error.facts, error: `${error.error.code} ${error.error.message}` };
        throw error;
      }
    },
    close: () => {
      session.close();
      database.close();
    },
  };
}
