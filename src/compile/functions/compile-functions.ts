import { columnTypeName } from "../../define/column-type.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { quoteIdentifier } from "../../define/quote.ts";
import type { Sql } from "../../define/sql.ts";
import type { FunctionEngine, SqlFunctionDefinition } from "../../define/sql-function.ts";
import { AssayError, type ErrorCode, throwAll } from "../../errors.ts";
import type { ProjectFunction } from "../../ports/project-function.ts";
import type { ParsedSql, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location } from "../../terms.ts";
import { withoutLayout } from "../clauses.ts";
import { assignmentProblem } from "../contract.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { dependencyOrder } from "../graph.ts";
import { lineOf } from "../parse-models.ts";
import type { Project } from "../project.ts";
import { callProjectFunctions } from "./call-project-functions.ts";
import { calledFunctions, withVersions } from "./call-versions.ts";
import { bodyFault, bodyQuery, bodyWithin, offsetInBody } from "./function-body.ts";
import { functionNameErrors } from "./function-names.ts";
import { unknownFunction } from "./unknown-function.ts";

interface ParsedFunction {
  readonly name: string;
  readonly location: Location;
  readonly upstreams: readonly string[];
  readonly definition: SqlFunctionDefinition;
  readonly body: Sql;
  readonly parsed: ParsedSql;
}

/**
 * The project's functions, typed and known to the analyzer, and the project with its SQL calling them by their versions. Throws NAME_INVALID,
 * NAME_DUPLICATE, FUNCTION_INVALID, SQL_SYNTAX, SQL_INVALID, COLUMN_UNKNOWN, CYCLE.
 */
export async function compileFunctions(
  project: Project,
  analyzer: SqlAnalyzer,
): Promise<{ readonly functions: readonly ProjectFunction[]; readonly project: Project }> {
  const definitions = project.functions ?? [];
  if (definitions.length === 0) return { functions: [], project };
  throwAll(await functionNameErrors(definitions, analyzer));
  const engines = enginesOf(project);
  throwAll(missingBodies(definitions));
  const parsed = await Promise.all(definitions.map((definition) => parsedFunction(definition, definitions, engines, analyzer)));
  throwAll(parsed.filter((item) => item instanceof AssayError));
  const ordered = dependencyOrder<string, ParsedFunction>(
    parsed.filter((item): item is ParsedFunction => !(item instanceof AssayError)),
    "functions",
  );
  const calls = new Map<string, string>();
  const functions: ProjectFunction[] = [];
  const errors: AssayError[] = [];
  for (const item of ordered) {
    // What is wrong with a function that it calls says it all.
    if (item.upstreams.some((name) => !calls.has(name))) continue;
    const made = await typedFunction(item, calls, engines, analyzer);
    if (made instanceof AssayError) {
      errors.push(made);
      continue;
    }
    await analyzer.defineFunctions([made]);
    functions.push(made);
    calls.set(made.name, made.call);
  }
  throwAll(errors);
  const called = await callProjectFunctions(project, calls, analyzer);
  throwAll(called.errors);
  return { functions, project: called.project };
}

const invalid = (code: ErrorCode, { name }: { readonly name: string }, message: string, hint: string, location: Location): AssayError =>
  new AssayError(code, `function ${name}: ${message}`, { hint, location });

/** Those that an environment runs on. */
type Engines = ReadonlySet<FunctionEngine>;

const enginesOf = ({ config }: Project): Engines => new Set(Object.values(config.environments).map(({ engine }) => engine.kind));

function missingBodies(definitions: readonly SqlFunctionDefinition[]): readonly AssayError[] {
  return definitions
    .filter((definition) => definition.bodies.duckdb === undefined)
    .map((definition) => {
      const need = "add duckdb: sql`…`; models are typed by it, whatever their engine";
      return invalid("FUNCTION_INVALID", definition, "it has no body for duckdb", need, definition.location);
    });
}

async function parsedFunction(
  definition: SqlFunctionDefinition,
  all: readonly SqlFunctionDefinition[],
  engines: Engines,
  analyzer: SqlAnalyzer,
): Promise<ParsedFunction | AssayError> {
  const { name, location } = definition;
  const body = definition.bodies.duckdb as Sql;
  const [outcome] = await analyzer.parse([bodyQuery(body.text)]);
  if (outcome === undefined) throw new Error(`no parse outcome for function ${name}`);
  const written = "a body is one expression over the function's parameters, in DuckDB's SQL";
  if ("failure" in outcome) {
    const { message, offset } = outcome.failure;
    const line = lineOf(body, offset === null ? null : offsetInBody(offset));
    return invalid("SQL_SYNTAX", definition, message, written, { ...body.location, line });
  }
  const fault = bodyFault(outcome);
  if (fault !== null) return invalid("FUNCTION_INVALID", definition, fault, written, body.location);
  const known = new Set(all.map((item) => item.name));
  const upstreams = new Set([...calledFunctions(outcome.tree, known), ...namedElsewhere(definition, known, engines)]);
  return { name, location, upstreams: [...upstreams], definition, body, parsed: outcome };
}

/** Functions that bodies for other engines name. */
function namedElsewhere(definition: SqlFunctionDefinition, known: ReadonlySet<string>, engines: Engines): readonly string[] {
  const words = new Set(otherBodies(definition, engines).flatMap(([, text]) => text.toLowerCase().split(/\W+/)));
  return [...known].filter((name) => name !== definition.name && words.has(name));
}

/** Bodies for engines that no environment runs on change nothing. */
function otherBodies(definition: SqlFunctionDefinition, engines: Engines): readonly (readonly [string, string])[] {
  return Object.entries(texts(definition)).flatMap(([engine, text]) =>
    engine !== "duckdb" && engines.has(engine as FunctionEngine) ? [[engine, withoutLayout(text)] as const] : [],
  );
}

async function typedFunction(
  item: ParsedFunction,
  calls: ReadonlyMap<string, string>,
  engines: Engines,
  analyzer: SqlAnalyzer,
): Promise<ProjectFunction | AssayError> {
  const { name, definition, body, parsed } = item;
  const query = withVersions(bodyQuery(body.text), parsed.tree, calls);
  if (!("text" in query))
    return invalid("SQL_INVALID", item, `${query.name}() is called as a method or with a schema`, `write ${query.name}(…)`, body.location);
  const own = bodyWithin(query.text);
  const params = Object.entries(definition.params).map(([param, { type }]) => ({ name: param, type }));
  const values = params.map((param) => `cast(null as ${columnTypeName(param.type)}) as ${quoteIdentifier(param.name)}`);
  const outcome = await analyzer.describe(bodyQuery(own, values.length === 0 ? "" : ` from (select ${values.join(", ")})`), {});
  if ("failure" in outcome) {
    const { message, line, unknownColumn, unknownFunction: missing } = outcome.failure;
    const location = { ...body.location, line: body.location.line + (line ?? 1) - 1 };
    if (missing !== null) {
      const told = unknownFunction(missing, [...calls.keys()]);
      return invalid("FUNCTION_UNKNOWN", item, told.message, told.hint, location);
    }
    if (unknownColumn === null) return invalid("SQL_INVALID", item, message, "correct the body", location);
    const names = params.map((param) => param.name);
    return invalid("COLUMN_UNKNOWN", item, `it has no parameter ${unknownColumn}`, didYouMean(unknownColumn, names), location);
  }
  const [result] = outcome.columns;
  const type = definition.result.type;
  const problem = assignmentProblem(result?.type ?? "", type);
  if (problem !== null) {
    const message = `its result is declared ${columnTypeName(type)}, its body gives ${result?.type}`;
    return invalid("FUNCTION_INVALID", item, message, "cast it in the body, or declare the type it gives", body.location);
  }
  const bodies = { ...texts(definition), duckdb: own };
  const [versioned] = await analyzer.parse([query.text]);
  const identity = versioned === undefined || "failure" in versioned ? own : versioned.identity;
  const named = namedElsewhere(definition, new Set(calls.keys()), engines).map((other) => calls.get(other) ?? "");
  const bodiesElsewhere = otherBodies(definition, engines);
  const others = named.length === 0 ? bodiesElsewhere : [...bodiesElsewhere, named];
  return { name, call: `${name}_${fingerprintOf({ identity, params, type, others })}`, params, result: type, bodies };
}

const texts = ({ bodies }: SqlFunctionDefinition): Readonly<Partial<Record<FunctionEngine, string>>> =>
  Object.fromEntries(Object.entries(bodies).flatMap(([engine, body]) => (body === undefined ? [] : [[engine, body.text] as const])));
