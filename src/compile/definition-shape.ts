import type { BronzeDefinition } from "../define/bronze.ts";
import { durationForm, parseDuration } from "../define/duration.ts";
import type { MaterializationKind } from "../define/materialization.ts";
import type { ModelDefinition } from "../define/model.ts";
import { didYouMean } from "../define/nearest-name.ts";
import type { Definition, PipelineDefinition, ProjectDefinition, SinkDefinition } from "../define/project.ts";
import type { SqlFunctionDefinition } from "../define/sql-function.ts";
import { AssayError } from "../errors.ts";
import { poolsFaults, retriesFaults, workFaults } from "./work-faults.ts";

/** A value as it may come from a file that no type checker has seen. */
type Unknowns<T> = { readonly [Key in keyof T]: unknown };

type Faults = (string | null)[];

/** What makes a definition unusable because its values have the wrong shape: Node.js runs TypeScript without checking its types. */
export function shapeErrors(definition: Definition | ProjectDefinition): readonly AssayError[] {
  const { name, location } = definition;
  const faults = typeof name === "string" ? faultsOf(definition).filter((fault) => fault !== null) : ["its name is not a text"];
  return faults.map(
    (fault) =>
      new AssayError("PROJECT_INVALID", `${definition.kind === "bronze" ? "" : `${definition.kind} `}${String(name)}: ${fault}`, {
        hint: "correct the definition; an editor or npx tsc --noEmit shows the type it has to have",
        location,
      }),
  );
}

function faultsOf(definition: Definition | ProjectDefinition): Faults {
  switch (definition.kind) {
    case "bronze":
      return bronzeFaults(definition);
    case "model":
      return modelFaults(definition);
    case "function":
      return functionFaults(definition);
    case "pipeline":
      return pipelineFaults(definition);
    case "sink":
      return sinkFaults(definition);
    case "project":
      return projectFaults(definition);
    default:
      return definition satisfies never;
  }
}

function bronzeFaults(definition: Unknowns<BronzeDefinition>): Faults {
  const { from, columns, key, load, schema, deleted, partitionBy, replicate, maxRejected, chunks, checks, tags, work } = definition;
  const isSource = hasKind(from, ["csv", "json", "parquet", "postgres"]);
  return [
    isSource ? null : "from is no source: write csv(…), json(…), parquet(…) or postgresTable(…)",
    isSource ? sourceFault(from, schema) : null,
    ...columnFaults(columns),
    isTexts(key) ? null : "key is not a list of column names",
    load === "replace" || load === "append" || load === "merge" ? null : 'load is none of "replace", "append", "merge"',
    load !== "merge" || !isTexts(key) || key.length > 0 ? null : 'load: "merge" needs a key: the columns that identify a row',
    schema === null || schema === "freeze" || schema === "evolve" || schema === "discard"
      ? null
      : 'schema is none of "freeze", "evolve", "discard"',
    load !== "merge" || schema !== "evolve"
      ? null
      : 'schema: "evolve" does not go with load: "merge": a merged table holds its contract only',
    load !== "merge" || replicate === null ? null : 'load: "merge" cannot be replicated',
    deleted === null || (isText(deleted) && load === "merge") ? null : 'deleted is a SQL condition, and goes with load: "merge"',
    isRecord(partitionBy) && Object.values(partitionBy).every(isText) ? null : "partitionBy is not { folder: SQL expression }",
    replicate === null || (isRecord(replicate) && isText(replicate.times) && isTexts(replicate.keys))
      ? null
      : "replicate is not { times, keys }",
    maxRejectedFault(maxRejected),
    ...chunksFaults(chunks, partitionBy),
    ...checkFaults(checks),
    isTexts(tags) ? null : "tags is not a list of texts",
    ...workFaults(work),
  ];
}

function sourceFault(from: Readonly<Record<string, unknown>>, schema: unknown): string | null {
  if (from.kind !== "postgres") return isText(from.path) && from.path !== "" ? null : "the path of its source is not a text";
  if (!isText(from.table) || !/^[^.]+\../su.test(from.table)) return 'the table of its source is not "schema.table"';
  if (!isText(from.url) && !hasKind(from.url, ["setting"])) return 'the address of its source is neither a text nor env("…")';
  return schema === "evolve" ? 'schema: "evolve" does not go with postgresTable: only the contract\'s columns are asked for' : null;
}

function chunksFaults(chunks: unknown, partitionBy: unknown): Faults {
  if (chunks === null) return [];
  return [
    isChunks(chunks, "rows")
      ? null
      : "chunks is not { rows, concurrency }, whole numbers from 1: write chunks: { rows: 10_000, concurrency: 8 }",
    isRecord(partitionBy) && Object.keys(partitionBy).length > 0
      ? "chunks does not go with partitionBy: a chunk is a range of rows of one Parquet file"
      : null,
  ];
}

/** `{ <of>, concurrency }`, whole numbers from 1. */
function isChunks(chunks: unknown, of: "rows" | "values"): boolean {
  if (!isRecord(chunks)) return false;
  const { [of]: size, concurrency = 1, ...others } = chunks;
  return isWhole(size, 1, Number.MAX_SAFE_INTEGER) && isWhole(concurrency, 1, Number.MAX_SAFE_INTEGER) && Object.keys(others).length === 0;
}

function maxRejectedFault(limit: unknown): string | null {
  const isRows = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;
  if (limit === null || isRows(limit)) return null;
  const { rows, share, ...others } = isRecord(limit) ? limit : { others: limit };
  const isShare = typeof share === "number" && share >= 0 && share <= 1;
  if (
    Object.keys(others).length === 0 &&
    (rows ?? share) !== undefined &&
    (rows === undefined || isRows(rows)) &&
    (share === undefined || isShare)
  )
    return null;
  return "maxRejected is neither a whole number from 0 nor { rows: a whole number from 0, share: 0 to 1 }";
}

function modelFaults(definition: Unknowns<ModelDefinition>): Faults {
  const { grain, columns, materialize, checks, maxRejected, indexes, tags, fanOut, work, sql, overrides = {} } = definition;
  return [
    grain === null || isTexts(grain) ? null : "grain is not a list of column names",
    ...(columns === null ? [] : columnFaults(columns)),
    ...materializationFaults(materialize),
    ...checkFaults(checks),
    maxRejectedFault(maxRejected),
    isRecord(indexes) && Object.values(indexes).every(isTexts) ? null : "indexes is not { name: list of column names }",
    isTexts(tags) ? null : "tags is not a list of texts",
    isRecord(fanOut) && Object.values(fanOut).every((reason) => isText(reason) && reason.trim() !== "")
      ? null
      : 'fanOut is not { table: reason }: write fanOut: { "bronze.order_items": "why its rows may repeat the measure" }',
    ...workFaults(work),
    hasKind(sql, ["sql"])
      ? null
      : "sql is not made with the sql template: write sql: sql`select …`, or { duckdb: sql`select …`, postgres: sql`select …` }",
    ...Object.entries(isRecord(overrides) ? overrides : {}).map(([engine, text]) => {
      if (engine !== "postgres") return `sql has a text for ${engine}: engines are duckdb and postgres`;
      return hasKind(text, ["sql"]) ? null : "sql for postgres is not made with the sql template: write postgres: sql`select …`";
    }),
  ];
}

function materializationFaults(materialize: unknown): Faults {
  const kinds: readonly MaterializationKind[] = ["table", "view", "incremental", "append", "snapshot"];
  if (!hasKind(materialize, kinds)) return [`materialize is none of ${kinds.map((kind) => `${kind}(…)`).join(", ")}`];
  if (materialize.kind === "incremental") {
    const { by, touches, ignoreChanges, chunks } = materialize;
    return [
      isTexts(by) && by.length > 0 ? null : 'incremental by is not a list of column names: write incremental({ by: ["order_id"] })',
      isRecord(touches) && Object.values(touches).every((query) => hasKind(query, ["sql"])) ? null : "touches is not { table: sql`…` }",
      isTexts(ignoreChanges) ? null : "ignoreChanges is not a list of tables",
      chunks === undefined || isChunks(chunks, "values")
        ? null
        : "chunks is not { values, concurrency }, whole numbers from 1: write chunks: { values: 1_000, concurrency: 8 }",
    ];
  }
  if (materialize.kind !== "snapshot") return [];
  const { at, deleted, missing } = materialize;
  return [
    isText(at)
      ? null
      : 'snapshot has no source time: write snapshot({ at: "updated_at" }), the column that says when a version came to hold',
    deleted === null || isText(deleted) ? null : "snapshot deleted is not a SQL condition",
    missing === "keep" || missing === "close" ? null : 'snapshot missing is neither "keep" nor "close"',
  ];
}

function functionFaults({ params, result, bodies }: Unknowns<SqlFunctionDefinition>): Faults {
  const written = isRecord(bodies) ? Object.entries(bodies).filter(([, body]) => body !== undefined) : [];
  return [
    ...(isRecord(params) && Object.keys(params).length === 0 ? [] : columnFaults(params, "params")),
    ...columnFaults({ result }, "result"),
    ...written.map(([engine, body]) => (hasKind(body, ["sql"]) ? null : `${engine} is not made with the sql template: write sql\`…\``)),
  ];
}

function pipelineFaults({ select, params, retries }: Unknowns<PipelineDefinition>): Faults {
  return [
    isTexts(select) ? null : "select is not a list of selectors",
    params === null || (isRecord(params) && typeof params.safeParse === "function")
      ? null
      : "params is not a zod object: write z.object({ … })",
    ...(retries === null ? [] : retriesFaults(retries)),
  ];
}

function sinkFaults({ to, schema, tables, work }: Unknowns<SinkDefinition>): Faults {
  return [
    hasKind(to, ["postgres"]) ? null : "to is no server: write postgres(…)",
    isRecord(to) && (to.schemaPrefix ?? null) !== null ? "schemaPrefix is for environments: a sink has its schema" : null,
    isText(schema) ? null : "schema is not a text",
    Array.isArray(tables) && tables.every((table) => isRecord(table) && isText(table.name)) ? null : "tables is not a list of models",
    ...workFaults(work),
  ];
}

const kept = ["batches", "changes", "logs", "runs"];

function keepFaults(keep: unknown): Faults {
  if (!isRecord(keep)) return ["keep is not { batches, changes, logs, runs }"];
  return Object.entries(keep).map(([name, value]) => {
    if (!kept.includes(name)) return `keep has no ${name}; ${didYouMean(name, kept)}`;
    if (value === "forever" || (isText(value) && parseDuration(value) !== null)) return null;
    return `keep.${name} is ${JSON.stringify(value)}, no duration: write "forever", or ${durationForm}`;
  });
}

function workersFault(name: string, environment: unknown): string | null {
  if (!isRecord(environment) || environment.workers === undefined || environment.workers === false) return null;
  if (environment.workers !== true) return `environment ${name}: workers is neither true nor false`;
  return hasKind(environment.engine, ["duckdb"])
    ? `environment ${name} has no workers: one process at a time has a DuckDB file; workers share an environment on PostgreSQL`
    : null;
}

function projectFaults({ lake, environments, defaultEnvironment, keep, pools }: Unknowns<ProjectDefinition>): Faults {
  if (!isRecord(environments)) return ["environments is not { name: { engine } }"];
  return [
    ...keepFaults(keep),
    ...poolsFaults(pools),
    isText(lake) || hasKind(lake, ["setting"]) ? null : "lake is not a path",
    ...Object.entries(environments).map(([name, environment]) =>
      isRecord(environment) && hasKind(environment.engine, ["duckdb", "postgres"])
        ? null
        : `environment ${name} has no engine: write { engine: duckdb("./warehouse.duckdb") }`,
    ),
    ...Object.entries(environments).map(([name, environment]) => workersFault(name, environment)),
    Object.hasOwn(environments, String(defaultEnvironment))
      ? null
      : `defaultEnvironment ${String(defaultEnvironment)} is none of its environments`,
  ];
}

const kinds = ["varchar", "boolean", "smallint", "integer", "bigint", "double", "date", "timestamp", "time", "json", "decimal"];

function columnFaults(columns: unknown, field = "columns"): Faults {
  if (!isRecord(columns)) return [`${field} is missing: write ${field}: { name: t.varchar(), … }`];
  if (Object.keys(columns).length === 0) return ["columns is empty: a table has at least one column"];
  return Object.entries(columns).map(([name, column]) => {
    const type = isRecord(column) ? column.type : undefined;
    if (!hasKind(type, kinds)) return `column ${name} has no type: write ${name}: t.varchar()`;
    const { kind, precision, scale } = type;
    const fits = isWhole(precision, 1, 38) && isWhole(scale, 0, Number(precision));
    return kind !== "decimal" || fits
      ? null
      : `column ${name} is decimal(${precision}, ${scale}): it takes 1 to 38 digits, and no more after the point than in all`;
  });
}

function checkFaults(checks: unknown): Faults {
  if (!Array.isArray(checks)) return ["checks is not a list"];
  return checks.map((check: unknown) => {
    if (!isRecord(check) || !isText(check.kind)) return "checks holds something that is no check: write check.notNull(…) and the like";
    const { kind, severity, column, columns, name } = check;
    if (severity !== "error" && severity !== "warn" && severity !== "quarantine")
      return `the severity of check ${kind} is none of "error", "warn", "quarantine"`;
    if ("column" in check && !isText(column)) return `check ${kind} names no column`;
    if ("columns" in check && !(isTexts(columns) && columns.length > 0)) return `check ${kind} names no columns`;
    return "name" in check && !isText(name) ? `check ${kind} has no name` : null;
  });
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max;

function hasKind(value: unknown, known: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && known.includes(String(value.kind));
}
