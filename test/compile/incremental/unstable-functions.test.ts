import { afterAll, beforeAll, expect, it } from "vitest";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";
import { aggregateFunctions } from "../../../src/compile/aggregate-functions.ts";
import { aggregateMacros, rowMakingFunctions, unstableFunctions } from "../../../src/compile/incremental/unstable-functions.ts";
import type { Session } from "../../../src/ports/engine.ts";

let session: Session;
beforeAll(async () => {
  session = await (await memoryDatabase()).session();
});
afterAll(() => session.close());

const names = async (text: string): Promise<readonly string[]> => (await session.query({ text })).map((row) => String(row.name));

interface Macro {
  readonly name: string;
  readonly definition: string;
}

async function macros(): Promise<readonly Macro[]> {
  const rows = await session.query({
    text: "select function_name as name, macro_definition as definition from duckdb_functions() where function_type = 'macro'",
  });
  return rows.map((row) => ({ name: String(row.name), definition: String(row.definition) }));
}

/** Does a macro call one of the functions, by itself or through other macros? */
function calls(macro: Macro, functions: ReadonlySet<string>, all: readonly Macro[]): boolean {
  const called = [...macro.definition.matchAll(/(?<!')\b"?(\w+)"?\s*\(/g)].map((match) => (match[1] ?? "").toLowerCase());
  const words = [...macro.definition.matchAll(/\b(current_\w+|session_user)\b/g)].map((match) => match[1] ?? "");
  return [...called, ...words].some(
    (name) => functions.has(name) || all.some((other) => other.name === name && other.name !== macro.name && calls(other, functions, all)),
  );
}

it("lists every function that is not a function of its arguments", async () => {
  const unstable = await names("select distinct function_name as name from duckdb_functions() where stability <> 'CONSISTENT'");
  // It fails or it does not, whatever the time.
  expect(unstable.filter((name) => name !== "error" && !unstableFunctions.has(name))).toEqual([]);
});

it("lists every macro made of such functions, or of the engine's state", async () => {
  const all = await macros();
  const readsState = (macro: Macro): boolean => /\bselect\b/i.test(macro.definition) || calls(macro, unstableFunctions, all);
  // A key that is absent is an error in any build.
  const fails = new Set(["json_group_object"]);
  expect(all.filter((macro) => readsState(macro) && !fails.has(macro.name) && !unstableFunctions.has(macro.name))).toEqual([]);
});

it("lists every macro that holds an aggregate", async () => {
  const all = await macros();
  const found = all.filter((macro) => calls(macro, aggregateFunctions, all)).map((macro) => macro.name);
  expect(found.toSorted()).toEqual([...aggregateMacros].toSorted());
});

it("lists every macro that makes several rows of one", async () => {
  const all = await macros();
  const found = all.filter((macro) => calls(macro, new Set(["unnest"]), all)).map((macro) => macro.name);
  expect(["unnest", ...found].toSorted()).toEqual([...rowMakingFunctions].toSorted());
});
