import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier } from "../../define/quote.ts";
import type { SqlFunctionDefinition } from "../../define/sql-function.ts";
import { AssayError } from "../../errors.ts";
import type { ProjectFunction } from "../../ports/project-function.ts";
import type { EngineFunction } from "../../ports/sql-dialect.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { lineOf } from "../parse-models.ts";
import { type EngineContext, engineExpression } from "./engine-text.ts";

/** The project's functions with bodies of the engine: the one written for it, or DuckDB's carried over. */
export async function engineFunctions(
  functions: readonly ProjectFunction[],
  definitions: readonly SqlFunctionDefinition[],
  schema: string,
  context: Omit<EngineContext, "functions">,
): Promise<readonly EngineFunction[]> {
  const made: EngineFunction[] = [];
  for (const item of functions) {
    const definition = definitions.find(({ name }) => name === item.name);
    const { dialect, errors } = context;
    const written = definition?.bodies[dialect.key];
    if (written !== undefined) {
      const { text, tables } = await dialect.named(written.text, { relations: context.relations, functions: made });
      const location = written.location;
      if (tables.length > 0)
        errors.push(new AssayError("FUNCTION_INVALID", `function ${item.name}: its body reads ${tables[0]}`, { hint, location }));
      made.push(withBody(item, schema, dialect.key, text));
    } else made.push(await carriedFunction(item, schema, definition, { ...context, functions: made }));
  }
  return made;
}

const hint = "a body is one expression over the function's parameters";

/** Another body, or another function that it calls, is another function beside it. */
const withBody = (item: ProjectFunction, schema: string, engine: keyof ProjectFunction["bodies"], body: string): EngineFunction => ({
  ...item,
  original: item.call,
  schema,
  call: `${item.name}_${fingerprintOf({ call: item.call, body })}`,
  bodies: { ...item.bodies, [engine]: body },
});

/** A relation that stands for the arguments of a call. */
const argumentsName = "arguments";

async function carriedFunction(
  item: ProjectFunction,
  schema: string,
  definition: SqlFunctionDefinition | undefined,
  context: EngineContext,
): Promise<EngineFunction> {
  const { name, params, bodies } = item;
  const text = bodies.duckdb ?? "";
  const location = definition?.bodies.duckdb?.location ?? { file: "", line: 1 };
  const errors: AssayError[] = [];
  const columns = [...params.map((param) => ({ name: param.name, type: columnTypeName(param.type) })), { name: "_none", type: "INTEGER" }];
  const source = {
    text,
    owner: `function ${name}`,
    place: (offset: number | null) => ({ ...location, line: lineOf({ kind: "sql", text, location }, offset) }),
    given: [{ name: argumentsName, columns }],
    over: quoteIdentifier(argumentsName),
    columns: params.map((param) => param.name),
  };
  const body = await engineExpression(source, { ...context, errors });
  const { engine, key } = context.dialect;
  const own = `${key}: sql\`…\` gives the function a body for ${engine}`;
  context.errors.push(...errors.map((error) => withHint(error, `${error.hint}; or ${own}`)));
  return withBody(item, schema, key, body);
}

function withHint({ code, message, location }: AssayError, text: string): AssayError {
  return new AssayError(code, message, { hint: text, location: location ?? undefined });
}
