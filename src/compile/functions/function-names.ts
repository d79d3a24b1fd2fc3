import type { SqlFunctionDefinition } from "../../define/sql-function.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Expression } from "../../ports/syntax-tree.ts";
import { aggregateFunctions } from "../aggregate-functions.ts";
import { outerSelect } from "../tree.ts";

const plainName = /^[a-z][a-z0-9_]{0,39}$/;

/** Names of functions and their parameters that cannot be used, are used twice, or are the engine's own. */
export async function functionNameErrors(
  definitions: readonly SqlFunctionDefinition[],
  analyzer: SqlAnalyzer,
): Promise<readonly AssayError[]> {
  const errors = definitions.flatMap((definition, index) => [
    ...badNames(definition),
    ...repeated(definition, definitions.slice(0, index)),
  ]);
  if (errors.length > 0) return errors;
  const taken = await Promise.all(definitions.map(async (definition) => ((await isTaken(definition.name, analyzer)) ? [definition] : [])));
  return taken.flat().map(
    ({ name, location }) =>
      new AssayError("NAME_INVALID", `function ${name}: the engine has a function or a word of this name`, {
        hint: `give it a name of its own, e.g. project_${name}`,
        location,
      }),
  );
}

function badNames({ name, params, location }: SqlFunctionDefinition): readonly AssayError[] {
  const named = [
    { name, what: `function ${JSON.stringify(name)}` },
    ...Object.keys(params).map((param) => ({ name: param, what: `function ${name}: parameter ${JSON.stringify(param)}` })),
  ];
  return named.flatMap((item) => {
    if (plainName.test(item.name)) return [];
    const hint = "use lower-case letters, digits and _, a letter first, 40 of them at most";
    return [new AssayError("NAME_INVALID", `${item.what}: this cannot be used as a name`, { hint, location })];
  });
}

function repeated({ name, location }: SqlFunctionDefinition, earlier: readonly SqlFunctionDefinition[]): readonly AssayError[] {
  const other = earlier.find((item) => item.name === name);
  if (other === undefined) return [];
  const { file, line } = other.location;
  return [
    new AssayError("NAME_DUPLICATE", `two definitions of the function ${name}`, {
      hint: `the other one stands in ${file}:${line}; rename or remove one`,
      location,
    }),
  ];
}

/** Does the name mean something already: a function, or a word of the language that looks like one? */
async function isTaken(name: string, analyzer: SqlAnalyzer): Promise<boolean> {
  const [parsed] = await analyzer.parse([`select ${name}(null)`]);
  if (parsed === undefined || "failure" in parsed) return true;
  const call: Expression | undefined = outerSelect(parsed.tree.node)?.select_list[0];
  if (call?.class !== "FUNCTION" || call.function_name !== name || aggregateFunctions.has(name)) return true;
  const outcome = await analyzer.describe(`select ${name}(null)`, {});
  return !("failure" in outcome) || outcome.failure.unknownFunction === null;
}
