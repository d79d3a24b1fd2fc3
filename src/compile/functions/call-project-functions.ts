import type { BronzeDefinition } from "../../define/bronze.ts";
import type { Check } from "../../define/check.ts";
import type { Materialization } from "../../define/materialization.ts";
import type { ModelDefinition } from "../../define/model.ts";
import type { Sql } from "../../define/sql.ts";
import { AssayError } from "../../errors.ts";
import type { ParseOutcome, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location } from "../../terms.ts";
import { lineOf } from "../parse-models.ts";
import type { Project } from "../project.ts";
import { type Calls, withVersions } from "./call-versions.ts";
import { bodyQuery, bodyWithin } from "./function-body.ts";

/** SQL somewhere in a definition: a query, or an expression that stands in one. */
interface Written {
  readonly kind: "query" | "expression";
  readonly text: string;
  readonly owner: string;
  readonly location: Location;
}

type Change = (written: Written) => string;

/** The project with every call of its functions, wherever SQL may stand, made a call of the function's version. Text that does not parse stays as it is. */
export async function callProjectFunctions(
  project: Project,
  calls: Calls,
  analyzer: SqlAnalyzer,
): Promise<{ readonly project: Project; readonly errors: readonly AssayError[] }> {
  const mentions = new Set<string>();
  const names = [...calls.keys()];
  everywhere(project, (written) => {
    const text = written.text.toLowerCase();
    if (names.some((name) => text.includes(name))) mentions.add(parsable(written));
    return written.text;
  });
  const queries = [...mentions];
  const outcomes = await analyzer.parse(queries);
  const parsed = new Map(queries.map((query, index) => [query, outcomes[index]] as const));
  const errors: AssayError[] = [];
  const changed = everywhere(project, (written) => changedText(written, parsed, calls, errors));
  return { project: changed, errors };
}

/** The text as a query; `{table}` of a check becomes a name of its length. */
function parsable({ kind, text }: Written): string {
  return kind === "query" ? text.replaceAll("{table}", "_table_") : bodyQuery(text);
}

function changedText(written: Written, parsed: ReadonlyMap<string, ParseOutcome | undefined>, calls: Calls, errors: AssayError[]): string {
  const query = parsable(written);
  const outcome = parsed.get(query);
  if (outcome === undefined || "failure" in outcome) return written.text;
  const original = written.kind === "query" ? written.text : query;
  const result = withVersions(original, outcome.tree, calls);
  if ("text" in result) return written.kind === "query" ? result.text : bodyWithin(result.text);
  const { owner, location, kind } = written;
  const line = kind === "query" ? lineOf({ kind: "sql", text: original, location }, result.offset) : location.line;
  errors.push(
    new AssayError("SQL_INVALID", `${owner}: ${result.name}() is called as a method or with a schema`, {
      hint: `a function of the project is called by its name: ${result.name}(…)`,
      location: { ...location, line },
    }),
  );
  return written.text;
}

/** The project with every SQL text changed. */
function everywhere(project: Project, change: Change): Project {
  return {
    ...project,
    bronze: project.bronze.map((table) => changedBronze(table, change)),
    models: project.models.map((model) => changedModel(model, change)),
  };
}

function changedModel(model: ModelDefinition, change: Change): ModelDefinition {
  const query = (sql: Sql): Sql => ({ ...sql, text: change({ kind: "query", text: sql.text, owner: model.name, location: sql.location }) });
  const expression = (text: string): string => change({ kind: "expression", text, owner: model.name, location: model.location });
  return {
    ...model,
    sql: query(model.sql),
    materialize: changedMaterialization(model.materialize, query, expression),
    checks: changedChecks(model, change),
  };
}

function changedMaterialization(
  materialize: Materialization,
  query: (sql: Sql) => Sql,
  expression: (text: string) => string,
): Materialization {
  if (materialize.kind === "snapshot")
    return { ...materialize, deleted: materialize.deleted === null ? null : expression(materialize.deleted) };
  if (materialize.kind !== "incremental") return materialize;
  const touches = Object.entries(materialize.touches).map(([table, sql]) => [table, query(sql)] as const);
  return { ...materialize, touches: Object.fromEntries(touches) };
}

function changedBronze(table: BronzeDefinition, change: Change): BronzeDefinition {
  const expression = (text: string): string => change({ kind: "expression", text, owner: table.name, location: table.location });
  const { deleted, partitionBy, replicate } = table;
  return {
    ...table,
    deleted: deleted === null ? null : expression(deleted),
    partitionBy: Object.fromEntries(Object.entries(partitionBy).map(([folder, text]) => [folder, expression(text)] as const)),
    replicate: replicate === null ? null : { ...replicate, times: expression(replicate.times) },
    checks: changedChecks(table, change),
  };
}

function changedChecks(table: BronzeDefinition | ModelDefinition, change: Change): readonly Check[] {
  const written = (kind: Written["kind"], text: string): string => change({ kind, text, owner: table.name, location: table.location });
  return table.checks.map((check) => {
    switch (check.kind) {
      case "expression":
        return { ...check, expression: written("expression", check.expression) };
      case "conserves":
        return {
          ...check,
          measure: written("expression", check.measure),
          where: check.where === null ? null : written("expression", check.where),
        };
      case "sql":
        return { ...check, query: written("query", check.query) };
      default:
        return check;
    }
  });
}
