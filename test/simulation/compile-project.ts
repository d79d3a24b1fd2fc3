import { compileProject } from "../../src/compile/compile.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { defineProject } from "../../src/define/project.ts";
import { csv, type FileSource, json, parquet } from "../../src/define/source.ts";
import { type Column, t } from "../../src/define/types.ts";
import { AssayError } from "../../src/errors.ts";
import { reusableAnalyzer } from "../support/reusable-analyzer.ts";
import type { BronzeSpec, ModelSpec, ProjectSpec, SimColumn } from "./scenario.ts";

/** Compiles the project; a model that repeats the rows of a measure gets the reason its error asks for. */
export async function compileSpec(project: ProjectSpec, revised: boolean): Promise<Manifest> {
  const excused = new Map<string, Readonly<Record<string, string>>>();
  for (;;) {
    try {
      return await compileExcused(project, revised, excused);
    } catch (error) {
      const traps = error instanceof AssayError ? [error, ...error.others].filter(({ code }) => code === "FAN_TRAP") : [];
      const missing = traps.flatMap(({ message, hint }) => {
        const name = message.slice(0, message.indexOf(":"));
        const table = /fanOut: \{ "([^"]+)"/.exec(hint ?? "")?.[1];
        return table === undefined || excused.get(name)?.[table] !== undefined ? [] : [{ name, table }];
      });
      if (missing.length === 0) throw error;
      for (const { name, table } of missing) excused.set(name, { ...excused.get(name), [table]: "any model is built" });
    }
  }
}

async function compileExcused(
  project: ProjectSpec,
  revised: boolean,
  excused: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Promise<Manifest> {
  return compileProject(
    {
      folder: ".",
      config: defineProject({ name: "simulated" }),
      bronze: project.bronze.map(bronzeDefinition),
      models: project.models.map((spec) => ({ ...modelDefinition(spec, revised), fanOut: excused.get(spec.name) ?? {} })),
      pipelines: [],
      sinks: [],
    },
    await reusableAnalyzer(),
  );
}

function columnOf({ type, nullable }: SimColumn): Column {
  const options = { nullable };
  switch (type) {
    case "varchar":
      return t.varchar(options);
    case "integer":
      return t.integer(options);
    case "bigint":
      return t.bigint(options);
    case "decimal":
      return t.decimal(18, 2, options);
    case "timestamp":
      return t.timestamp(options);
    case "boolean":
      return t.boolean(options);
    default:
      return type satisfies never;
  }
}

const contractOf = (columns: readonly SimColumn[]): Readonly<Record<string, Column>> =>
  Object.fromEntries(columns.map((column) => [column.name, columnOf(column)] as const));

function sourceOf(spec: BronzeSpec): FileSource {
  const pattern = `*.${spec.format}`;
  return spec.format === "csv" ? csv(pattern, { maxRowBytes: 4096 }) : spec.format === "json" ? json(pattern) : parquet(pattern);
}

function bronzeDefinition(spec: BronzeSpec): BronzeDefinition {
  return bronze(spec.name.slice("bronze.".length), {
    from: sourceOf(spec),
    columns: contractOf(spec.columns),
    key: spec.key,
    load: spec.load,
    ...(spec.deleted === null ? {} : { deleted: spec.deleted }),
    ...(spec.chunks === null ? {} : { chunks: spec.chunks }),
    ...(spec.partitioned ? { partitionBy: { day: "strftime(ts, '%Y%m%d')" } } : {}),
  });
}

function modelDefinition(spec: ModelSpec, revised: boolean): ModelDefinition {
  const location = { file: `${spec.name}.sql`, line: 1 };
  const text = revised ? (spec.revised ?? spec.sql) : spec.sql;
  const definition = model(spec.name as `silver.${string}`, {
    grain: spec.key,
    columns: contractOf(spec.columns),
    materialize: spec.materialize,
    ...(spec.rule === null ? {} : { checks: [check.expression("ruled", spec.rule, { severity: "quarantine" })] }),
    sql: { kind: "sql", text, location },
  });
  return { ...definition, columns: spec.declared ? definition.columns : null, location };
}
