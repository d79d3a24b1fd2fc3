import { didYouMean } from "../define/nearest-name.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError, throwAll } from "../errors.ts";
import { type ProjectFunction, withFunctionNames } from "../ports/project-function.ts";
import type { SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Params, TableName } from "../terms.ts";
import { compileBronze, type KnownTimes } from "./bronze-table.ts";
import { type CheckedTable, checkErrors, checkedAgainst } from "./checks.ts";
import { contractColumns } from "./contract.ts";
import { checkTexts, doorTexts, materializationTexts, meaningsOf } from "./definition-parts.ts";
import { divertErrors } from "./divert-errors.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { followChanges } from "./follow-changes.ts";
import { compileFunctions } from "./functions/compile-functions.ts";
import { dependencyLevels, dependencyOrder } from "./graph.ts";
import { sameRows, type UpstreamShape, unmeasured } from "./ledger.ts";
import type { Manifest, ManifestSink, ManifestTable, ModelTable } from "./manifest.ts";
import { type CompiledModel, compileModel, type ModelContext } from "./model-table.ts";
import { queryErrors } from "./multiplicity/judge-queries.ts";
import type { Rows } from "./multiplicity/rows.ts";
import { bronzeRows } from "./multiplicity/table-rows.ts";
import { nameErrors } from "./names.ts";
import { picked, sampleParams } from "./params.ts";
import { type ParsedModel, parseModels } from "./parse-models.ts";
import { poolErrors } from "./pool-errors.ts";
import type { Project } from "./project.ts";

/**
 * Project → Manifest: references from the parser, types from the binder on empty tables, contracts compared. Touches no data.
 * Throws the first error found, with all others of the pass in `others`.
 */
export async function compileProject(written: Project, analyzer: SqlAnalyzer): Promise<Manifest> {
  throwAll(nameErrors(written));
  throwAll(poolErrors(written));
  const { functions, project } = await compileFunctions(written, analyzer);
  try {
    return await compileTables(project, functions, analyzer);
  } catch (error) {
    throw functions.length > 0 && error instanceof AssayError ? errorWithFunctionNames(error) : error;
  }
}

async function compileTables(project: Project, functions: readonly ProjectFunction[], analyzer: SqlAnalyzer): Promise<Manifest> {
  const names: readonly TableName[] = [...project.bronze, ...project.models].map((table) => table.name);
  const samples = await sampleParams(project);
  const parsed = await parseModels(project.models, names, samples, analyzer);
  const errors = parsed.filter((item) => item instanceof AssayError);
  throwAll(errors);
  const models = parsed.filter((item): item is ParsedModel => !(item instanceof AssayError));
  const bronze = project.bronze.map((definition) => ({
    name: definition.name as TableName,
    upstreams: checkedAgainst(definition.name, definition.checks),
    location: definition.location,
    definition,
  }));
  const nodes = models.map((model) => ({
    ...model,
    upstreams: [...model.upstreams, ...checkedAgainst(model.name, model.definition.checks)],
    model,
  }));
  const order = dependencyOrder<TableName, (typeof bronze)[number] | (typeof nodes)[number]>([...bronze, ...nodes]);

  const shapes = new Map<TableName, UpstreamShape>();
  const columnsOf = new Map<TableName, readonly ContractColumn[]>();
  const rows = new Map<string, Rows>();
  const histories = new Set(models.filter((model) => model.definition.materialize.kind === "snapshot").map((model) => model.name));
  const texts = [
    ...[...project.bronze, ...project.models].flatMap((definition) => checkTexts(definition.checks)),
    ...project.bronze.flatMap(doorTexts),
    ...project.models.flatMap((definition) => materializationTexts(definition.materialize)),
  ];
  const meaning = await meaningsOf(texts, analyzer);
  const context: ModelContext = {
    analyzer,
    meaning,
    samples,
    shapes,
    columns: columnsOf,
    rows,
    histories,
    functions: functions.map((item) => item.name),
  };
  const tables: ManifestTable[] = [];
  const compiled: CompiledModel[] = [];
  const broken = new Set<TableName>();
  const times: KnownTimes = new Map();
  const doors = bronze.map(({ definition }) => ({ name: definition.name, columns: contractColumns(definition.columns), definition }));
  await analyzer.declare(doors);
  for (const { definition, columns } of doors) {
    shapes.set(definition.name, { columns, grain: definition.key });
    columnsOf.set(definition.name, columns);
    rows.set(
      definition.name.toLowerCase(),
      bronzeRows({ name: definition.name, grain: definition.key, checks: definition.checks, columns }),
    );
  }
  for (const level of dependencyLevels(order)) {
    // Nothing in a level reads from the level, so its tables are typed at the same time.
    const results = await Promise.all(
      level.map(async (node) => {
        // Errors of an upstream say it all; what reads it would only repeat them.
        if (node.upstreams.some((name) => broken.has(name))) return [];
        return "model" in node ? compileModel(node.model, context) : compileBronze(node.definition, samples, analyzer, times, meaning);
      }),
    );
    await analyzer.declare(results.flatMap((result) => ("table" in result ? [result.table] : [])));
    for (const [index, result] of results.entries()) {
      if (isErrors(result)) {
        const node = level[index];
        if (node !== undefined) broken.add(node.name);
        errors.push(...result);
        continue;
      }
      const table = "table" in result ? result.table : result;
      tables.push(table);
      if (!("table" in result)) continue;
      compiled.push(result);
      shapes.set(table.name, { columns: table.columns, grain: table.grain });
      columnsOf.set(table.name, table.columns);
      rows.set(table.name.toLowerCase(), result.rows);
    }
  }
  for (const table of tables) {
    if (table.checks.length > 0)
      errors.push(...(await checkErrors(table satisfies CheckedTable, columnsOf, analyzer, context.functions)), ...divertErrors(table));
  }
  if (histories.size > 0) errors.push(...(await queryErrors(tables, rows, analyzer)));
  const sinks = project.sinks.map((sink) =>
    compileSink(
      sink,
      models.map((model) => model.name),
    ),
  );
  errors.push(...sinks.flatMap((sink) => (sink instanceof AssayError ? [sink] : [])));
  throwAll(errors);
  const followed = await followChanges(await withProvenLedgers(tables, compiled, samples, analyzer), compiled, samples, analyzer);
  throwAll(followed.errors);
  return {
    project: project.config.name,
    tables: followed.tables,
    functions,
    sinks: sinks.filter((sink): sink is ManifestSink => !(sink instanceof AssayError)),
    pools: project.config.pools,
  };
}

/** What is wrong, in the words of the project's SQL. */
function errorWithFunctionNames(error: AssayError): AssayError {
  const { code, message, hint, location, cause, others } = error;
  return new AssayError(code, withFunctionNames(message), {
    ...(hint === null ? {} : { hint: withFunctionNames(hint) }),
    location: location ?? undefined,
    cause,
    others: others.map(errorWithFunctionNames),
  });
}

function isErrors(result: ManifestTable | CompiledModel | readonly AssayError[]): result is readonly AssayError[] {
  return Array.isArray(result);
}

function compileSink(sink: Project["sinks"][number], models: readonly TableName[]): ManifestSink | AssayError {
  const unknown = sink.tables.find((table) => !models.includes(table.name));
  if (unknown !== undefined) {
    return new AssayError("TABLE_UNKNOWN", `sink ${sink.name} sends ${unknown.name}, which is no model of the project`, {
      hint: didYouMean(unknown.name, models),
      location: sink.location,
    });
  }
  const names = sink.tables.map((table) => table.name);
  const { name, to, schema, work, location } = sink;
  return { name, to, schema, tables: names, work, fingerprint: fingerprintOf({ to, schema }), location };
}

/** Keeps a ledger's measuring query only where cutting the text provably kept FROM and WHERE. */
async function withProvenLedgers(
  tables: readonly ManifestTable[],
  compiled: readonly CompiledModel[],
  samples: Params,
  analyzer: SqlAnalyzer,
): Promise<readonly ManifestTable[]> {
  const measured = compiled.filter((model) => model.ledger.proof !== null);
  const [originals, proofs] = await Promise.all([
    analyzer.parse(measured.map((model) => model.table.sql)),
    analyzer.parse(measured.map((model) => model.ledger.proof ?? "")),
  ]);
  const repaired = new Map<TableName, ModelTable>();
  for (const [index, { table, ledger }] of measured.entries()) {
    const original = originals[index];
    const proof = proofs[index];
    if (original === undefined || !("tree" in original)) continue;
    const proven = proof !== undefined && "tree" in proof && sameRows(original.tree, proof.tree);
    const params = proven ? (proof.tree.named_param_map ?? []).map((entry) => entry.key) : [];
    const binds =
      proven && (!ledger.doubtful || !("failure" in (await analyzer.describe(table.ledger.measure ?? "", picked(samples, params)))));
    repaired.set(table.name, { ...table, ledger: binds ? { ...table.ledger, params } : unmeasured(table.upstreams, original.tree) });
  }
  return tables.map((table) => repaired.get(table.name) ?? table);
}
