import { columnTypeName } from "../define/column-type.ts";
import { didYouMean } from "../define/nearest-name.ts";
import type { ContractColumn } from "../define/types.ts";
import { AssayError, type ErrorCode } from "../errors.ts";
import type { DescribedColumn } from "../ports/engine.ts";
import type { BindFailure, SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { Params } from "../terms.ts";
import { checkedAgainst } from "./checks.ts";
import { contractColumns, contractErrors, contractSelect, inferredColumns } from "./contract.ts";
import { checksPart, contractPart, type Meaning, materializationPart } from "./definition-parts.ts";
import { fingerprintOfParts } from "./fingerprint.ts";
import { unknownFunction } from "./functions/unknown-function.ts";
import { joinedTables, same } from "./joins.ts";
import { draftLedger, type LedgerDraft, type UpstreamShape, unmeasured } from "./ledger.ts";
import { outputColumns, type TableColumns } from "./lineage.ts";
import type { ModelTable } from "./manifest.ts";
import { judgeModel } from "./multiplicity/judge-model.ts";
import type { Rows } from "./multiplicity/rows.ts";
import type { TableRows } from "./multiplicity/select-reading.ts";
import { modelRows } from "./multiplicity/table-rows.ts";
import { orphanRules } from "./orphan-rules.ts";
import { picked } from "./params.ts";
import type { ParsedModel } from "./parse-models.ts";
import { snapshotColumns } from "./snapshot-columns.ts";
import { outerSelect } from "./tree.ts";

export interface ModelContext {
  readonly analyzer: SqlAnalyzer;
  readonly samples: Params;
  /** Tables compiled so far. */
  readonly shapes: ReadonlyMap<ModelTable["name"], UpstreamShape>;
  readonly columns: TableColumns;
  readonly rows: TableRows;
  /** Snapshot tables. */
  readonly histories: ReadonlySet<ModelTable["name"]>;
  /** Names of the project's functions. */
  readonly functions: readonly string[];
  readonly meaning: Meaning;
}

export interface CompiledModel {
  readonly parsed: ParsedModel;
  /** Columns as the author's SQL yields them; empty where their types are only known when it runs. */
  readonly described: readonly DescribedColumn[];
  readonly table: ModelTable;
  readonly ledger: LedgerDraft;
  /** What its rows are made of, for those who read it. */
  readonly rows: Rows;
}

/** Types one model on the empty tables of its upstreams and holds it against its contract. */
export async function compileModel(model: ParsedModel, context: ModelContext): Promise<CompiledModel | readonly AssayError[]> {
  const { definition, tree } = model;
  const outcome = await context.analyzer.describe(definition.sql.text, picked(context.samples, model.params));
  if ("failure" in outcome) return [bindError(model, outcome.failure, context.functions)];
  const outputs = outputColumns(tree.node, context.columns);
  const columns =
    definition.columns === null
      ? inferredColumns(model.name, outcome.columns, outputs, definition.location)
      : contractColumns(definition.columns);
  const errors = [
    ...(definition.columns === null ? [] : contractErrors(model.name, columns, outcome.columns, outputs, definition.location)),
    ...definitionErrors(model, columns),
  ];
  const judged = judgeModel(model, context.rows);
  errors.push(...judged.errors);
  if (errors.length > 0) return errors;
  const select = outerSelect(tree.node);
  const joins = select === null ? [] : joinedTables(select, outputs, context.columns);
  // Rows of these tables come from more than one run of the SQL: no balance of a single one accounts for them.
  const accumulates = definition.materialize.kind === "snapshot" || definition.materialize.kind === "append";
  const ledger = accumulates
    ? { plan: unmeasured(model.upstreams, tree), proof: null, doubtful: false }
    : draftLedger({
        text: definition.sql.text,
        tree,
        upstreams: model.upstreams,
        shapes: context.shapes,
        joins,
        grain: definition.grain ?? [],
        required: new Set(columns.filter((column) => !column.nullable).map((column) => column.name.toLowerCase())),
      });
  // The value of a parameter decides its type.
  const described = model.params.length === 0 ? outcome.columns : [];
  const orphans = select === null ? [] : orphanRules(select, joins, context.shapes, context.histories);
  const table = { ...tableOf(model, columns, described, joins, ledger, context.meaning), orphans };
  return { parsed: model, described, ledger, table, rows: modelRows(table, judged.rows) };
}

function tableOf(
  model: ParsedModel,
  columns: readonly ContractColumn[],
  described: readonly DescribedColumn[],
  joins: ModelTable["joins"],
  ledger: LedgerDraft,
  meaning: Meaning,
): ModelTable {
  const { definition, name, upstreams, params } = model;
  const { checks, maxRejected, materialize, indexes, description, tags, work, location } = definition;
  const isSnapshot = materialize.kind === "snapshot";
  // As the contract spells them: SQL may write a name in any case.
  const key = (definition.grain ?? []).map((name) => columns.find((column) => same(column.name, name))?.name ?? name);
  const grain = isSnapshot ? [...key, "valid_from"] : key;
  return {
    kind: "model",
    name,
    layer: name.startsWith("silver.") ? "silver" : "gold",
    description,
    columns: isSnapshot ? [...columns, ...snapshotColumns] : columns,
    grain,
    checks,
    maxRejected,
    tags,
    work,
    upstreams,
    dependencies: [...new Set([...upstreams, ...checkedAgainst(name, checks)])],
    params,
    materialize,
    sql: definition.sql.text,
    select: contractSelect(definition.sql.text, columns, described),
    indexes,
    fanOut: definition.fanOut,
    joins,
    orphans: [],
    ledger: ledger.plan,
    incremental: null,
    tracked: false,
    fingerprint: fingerprintOfParts({
      sql: model.identity,
      contract: contractPart(columns),
      grain,
      checks: checksPart(checks, meaning),
      materialization: materializationPart(materialize, meaning),
      fan_out: definition.fanOut,
      max_rejected: maxRejected,
    }),
    location,
  };
}

/** What a snapshot and an append table need beyond a contract. */
function historyErrors(model: ParsedModel, columns: readonly ContractColumn[]): readonly AssayError[] {
  const { definition, name } = model;
  const { materialize, location } = definition;
  const fail = (code: ErrorCode, message: string, hint: string): AssayError =>
    new AssayError(code, `${name}: ${message}`, { hint, location });
  if ((materialize.kind === "append" || materialize.kind === "snapshot") && definition.grain?.length === 0) {
    return [fail("GRAIN_MISSING", `${materialize.kind}() needs a key`, 'name the columns that identify one row, e.g. grain: ["id"]')];
  }
  if (materialize.kind !== "snapshot") return [];
  const at = columns.find((column) => same(column.name, materialize.at));
  const names = columns.map((column) => column.name);
  const taken = snapshotColumns.find((own) => names.some((column) => same(column, own.name)));
  return [
    ...(at === undefined
      ? [fail("COLUMN_UNKNOWN", `snapshot at names ${materialize.at}, which is no column`, didYouMean(materialize.at, names))]
      : []),
    ...(at !== undefined && at.type.kind !== "timestamp" && at.type.kind !== "date"
      ? [
          fail(
            "CONTRACT_MISMATCH",
            `snapshot at: ${at.name} is ${columnTypeName(at.type)}, no time`,
            "name a timestamp or date column: the source's time of the row's version",
          ),
        ]
      : []),
    ...(at?.nullable === true
      ? [
          fail(
            "CONTRACT_MISMATCH",
            `snapshot at: ${at.name} may be null`,
            "a version without a time has no place in the history: filter it, or declare the column not null",
          ),
        ]
      : []),
    ...(taken === undefined
      ? []
      : [fail("NAME_INVALID", `the SQL selects ${taken.name}, a column that snapshot() adds`, "give the SQL's column another name")]),
  ];
}

function definitionErrors(model: ParsedModel, columns: readonly ContractColumn[]): readonly AssayError[] {
  const { definition, name } = model;
  const { location } = definition;
  const errors: AssayError[] = [];
  const known = columns.map((column) => column.name);
  if (definition.grain === null) {
    errors.push(
      new AssayError("GRAIN_MISSING", `${name} declares no grain`, {
        hint: `name the columns that identify one row, e.g. grain: ["${known[0] ?? "id"}"]; [] means exactly one row`,
        location,
      }),
    );
  }
  for (const key of definition.grain ?? []) {
    const column = columns.find((item) => same(item.name, key));
    if (column === undefined) {
      errors.push(
        new AssayError("COLUMN_UNKNOWN", `${name}: the grain names ${key}, which is no column`, { hint: didYouMean(key, known), location }),
      );
    } else if (column.nullable && definition.columns !== null) {
      errors.push(
        new AssayError("CONTRACT_MISMATCH", `${name}: the grain column ${key} may be null`, {
          hint: "give rows without a value an explicit member, e.g. coalesce(…, 'unknown'), and declare the column not null",
          location,
        }),
      );
    }
  }
  for (const [index, columnsOfIndex] of Object.entries(definition.indexes)) {
    for (const key of columnsOfIndex.filter((item) => !known.some((column) => same(column, item)))) {
      errors.push(
        new AssayError("COLUMN_UNKNOWN", `${name}: index ${index} names ${key}, which is no column`, {
          hint: didYouMean(key, known),
          location,
        }),
      );
    }
  }
  errors.push(...historyErrors(model, columns));
  if (definition.materialize.kind === "view" && model.params.length > 0) {
    errors.push(
      new AssayError("SQL_INVALID", `${name} is a view and uses the parameter $${model.params[0]}`, {
        hint: "a view has no run to take a value from: materialize it as a table",
        location,
      }),
    );
  }
  return errors;
}

function bindError(model: ParsedModel, failure: BindFailure, functions: readonly string[]): AssayError {
  const { file, line } = model.definition.sql.location;
  const location = { file, line: line + (failure.line ?? 1) - 1 };
  if (failure.unknownFunction !== null) {
    const { message, hint } = unknownFunction(failure.unknownFunction, functions);
    return new AssayError("FUNCTION_UNKNOWN", `${model.name}: ${message}`, { hint, location });
  }
  if (failure.unknownColumn === null)
    return new AssayError("SQL_INVALID", `${model.name}: ${failure.message}`, { hint: "correct the model's SQL", location });
  return new AssayError("COLUMN_UNKNOWN", `${model.name}: there is no column ${failure.unknownColumn} in the tables it reads`, {
    hint: didYouMean(failure.unknownColumn, failure.candidates),
    location,
  });
}
