import type { ModelDefinition } from "../define/model.ts";
import { didYouMean, nearestName } from "../define/nearest-name.ts";
import { splitTable } from "../define/split-table.ts";
import type { Sql } from "../define/sql.ts";
import { AssayError } from "../errors.ts";
import type { ParseOutcome, SqlAnalyzer } from "../ports/sql-analyzer.ts";
import type { SyntaxTree } from "../ports/syntax-tree.ts";
import type { Location, Params, TableName } from "../terms.ts";
import { type TableReferenceInSql, tableReferences } from "./references.ts";

/** A model whose SQL parses and whose tables are known. */
export interface ParsedModel {
  readonly name: TableName;
  readonly definition: ModelDefinition;
  readonly tree: SyntaxTree;
  /** What the SQL means, whatever its layout. */
  readonly identity: string;
  readonly upstreams: readonly TableName[];
  readonly params: readonly string[];
  readonly location: Location;
}

/** Parses every model in one pass. Errors: SQL_SYNTAX, TABLE_UNKNOWN, PARAM_INVALID, each with its line. */
export async function parseModels(
  models: readonly ModelDefinition[],
  known: readonly TableName[],
  samples: Params,
  analyzer: SqlAnalyzer,
): Promise<readonly (ParsedModel | AssayError)[]> {
  const outcomes = await analyzer.parse(models.map((model) => model.sql.text));
  const tables = new Map(known.map((name) => [name.toLowerCase(), name]));
  return models.flatMap((definition, index) => parsedModel(definition, outcomes[index], tables, samples));
}

function parsedModel(
  definition: ModelDefinition,
  outcome: ParseOutcome | undefined,
  tables: ReadonlyMap<string, TableName>,
  samples: Params,
): readonly (ParsedModel | AssayError)[] {
  const { name } = definition;
  if (outcome === undefined) throw new Error(`no parse outcome for ${name}`);
  if ("failure" in outcome) {
    return [
      new AssayError("SQL_SYNTAX", `${name}: ${outcome.failure.message}`, {
        hint: "a model is one SELECT in DuckDB's SQL",
        location: placeOf(definition, outcome.failure.offset),
      }),
    ];
  }
  const references = tableReferences(outcome.tree.node);
  const unknown = references.filter((reference) => !tables.has(reference.name.toLowerCase()));
  const params = (outcome.tree.named_param_map ?? []).map((entry) => entry.key);
  const errors = [
    ...unknown.map((reference) => unknownTable(definition, reference, [...tables.values()])),
    ...params.filter((param) => samples[param] === undefined).map((param) => unknownParam(definition, param, samples)),
  ];
  if (errors.length > 0) return errors;
  const upstreams = [...new Set(references.flatMap((reference) => tables.get(reference.name.toLowerCase()) ?? []))];
  return [{ name, definition, tree: outcome.tree, identity: outcome.identity, upstreams, params, location: definition.location }];
}

function unknownTable(definition: ModelDefinition, reference: TableReferenceInSql, known: readonly TableName[]): AssayError {
  const bare = reference.name.includes(".")
    ? null
    : nearestName(
        reference.name,
        known.map((name) => splitTable(name).name),
      );
  const full = bare === null ? undefined : known.find((name) => name.endsWith(`.${bare}`));
  return new AssayError("TABLE_UNKNOWN", `${definition.name} reads ${reference.name}, which the project does not declare`, {
    hint: full === undefined ? didYouMean(reference.name, known) : `tables are named with their layer: did you mean ${full}?`,
    location: placeOf(definition, reference.offset),
  });
}

function unknownParam(definition: ModelDefinition, param: string, samples: Params): AssayError {
  return new AssayError("PARAM_INVALID", `${definition.name} uses $${param}, which no pipeline declares`, {
    hint: didYouMean(param, Object.keys(samples)),
    location: definition.sql.location,
  });
}

/** The place of a byte offset in a model's SQL. */
export function placeOf({ sql }: ModelDefinition, offset: number | null): Location {
  return { file: sql.location.file, line: lineOf(sql, offset) };
}

/** The line of its file on which a byte offset of a SQL text stands. */
export function lineOf({ text, location }: Sql, offset: number | null): number {
  if (offset === null) return location.line;
  return location.line + Buffer.from(text).subarray(0, offset).toString().split("\n").length - 1;
}
