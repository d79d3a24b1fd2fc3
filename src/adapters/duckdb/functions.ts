import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";
import { functionSchema, type ProjectFunction } from "../../ports/project-function.ts";

interface Known {
  readonly schema: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * Makes the functions that are not there yet, and drops old versions that nothing calls any more. Beside the versions, which models call, each
 * function is there under its own name for people.
 */
export async function defineFunctions(session: Session, functions: readonly ProjectFunction[]): Promise<void> {
  if (functions.length === 0) return;
  const known = await knownFunctions(session);
  const isThere = (call: string): boolean => known.some(({ schema, name }) => schema === functionSchema && name === call);
  const isNamed = ({ name, call }: ProjectFunction): boolean =>
    known.some((item) => item.schema === "main" && item.name === name && item.definition.includes(callOf(call)));
  const missing = functions.filter(({ call }) => !isThere(call));
  const unnamed = functions.filter((item) => !isNamed(item));
  if (missing.length === 0 && unnamed.length === 0) return;
  await session.transaction(async () => {
    await session.execute({ text: `create schema if not exists ${functionSchema}` });
    for (const item of missing) await session.execute({ text: createFunction(item, false) });
    for (const item of unnamed) await session.execute({ text: createName(item) });
    await dropUnused(session, functions);
  });
}

const callOf = (call: string): string => `${functionSchema}.${call}(`;

async function knownFunctions(session: Session): Promise<readonly Known[]> {
  const rows = await session.query({
    text: `select schema_name, function_name, macro_definition from duckdb_functions()
      where database_name = current_database() and not internal and (schema_name = $schema or contains(macro_definition, $schema || '.'))`,
    params: { schema: functionSchema },
  });
  return rows.map((row) => ({
    schema: String(row.schema_name),
    name: String(row.function_name),
    definition: String(row.macro_definition),
  }));
}

/** A function that calls another stands after it, so the last one goes first. */
async function dropUnused(session: Session, functions: readonly ProjectFunction[]): Promise<void> {
  const needed = new Set(functions.flatMap(({ name, call }) => [name, call]));
  for (let more = true; more; ) {
    const known = await knownFunctions(session);
    const views = await session.query({
      text: "select sql from duckdb_views() where database_name = current_database() and contains(sql, $schema)",
      params: { schema: functionSchema },
    });
    const texts = [...views.map((row) => String(row.sql)), ...known.map((item) => item.definition)];
    const unused = known.filter(
      ({ schema, name }) => !needed.has(name) && (schema === "main" || !texts.some((text) => text.includes(name))),
    );
    for (const { schema, name } of unused) await session.execute({ text: `drop macro ${schema}.${quoteIdentifier(name)}` });
    more = unused.length > 0;
  }
}

/** The function under its own name, which calls its version. */
function createName({ name, call, params }: ProjectFunction): string {
  const names = params.map((param) => quoteIdentifier(param.name)).join(", ");
  return `create or replace macro main.${quoteIdentifier(name)}(${names}) as ${callOf(call)}${names})`;
}

/**
 * A macro. A macro's parameters are pieces of SQL: they are computed once, with their types, and bound to their names for the body.
 * `typed`: calls with arguments of other types are refused, which files of DuckDB's default storage version cannot hold.
 */
export function createFunction({ call, params, result, bodies }: ProjectFunction, typed: boolean): string {
  const { duckdb: body } = bodies;
  if (body === undefined) throw new Error(`${call} has no body for DuckDB`);
  const value = `cast((${body}\n) as ${columnTypeName(result)})`;
  const declared = params.map(({ name, type }) => `${quoteIdentifier(name)}${typed ? ` ${columnTypeName(type)}` : ""}`);
  return `create or replace macro ${functionSchema}.${quoteIdentifier(call)}(${declared.join(", ")}) as ${withArguments(params, value)}`;
}

/** Several arguments are computed before the first of their names is bound: they may hold columns of these names. */
function withArguments(params: ProjectFunction["params"], value: string): string {
  const [first, ...others] = params;
  if (first === undefined) return value;
  const given = ({ name, type }: ProjectFunction["params"][number]): string => `cast(${quoteIdentifier(name)} as ${columnTypeName(type)})`;
  const bound = (name: string, argument: string, inner: string): string =>
    `list_transform([${argument}], lambda ${quoteIdentifier(name)}: ${inner})[1]`;
  if (others.length === 0) return bound(first.name, given(first), value);
  const all = params.map((param) => `${quoteText(param.name)}: ${given(param)}`).join(", ");
  const body = params.reduceRight((inner, { name }) => bound(name, `_arguments[${quoteText(name)}]`, inner), value);
  return bound("_arguments", `{${all}}`, body);
}
