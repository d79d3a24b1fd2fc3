import type { ModelTestDefinition } from "../../define/model-test.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { splitTable } from "../../define/split-table.ts";
import { AssayError } from "../../errors.ts";

/** Tests named by their name, model or file, `*` for any characters; without names all of them. Throws SELECTION_EMPTY. */
export function selectTests(tests: readonly ModelTestDefinition[], names: readonly string[]): readonly ModelTestDefinition[] {
  if (tests.length === 0) {
    throw new AssayError("SELECTION_EMPTY", "the project has no tests", {
      hint: "write one: tests/NAME.test.yaml, or modelTest(…) exported from a file in tests/; see docs/guides/testing.md",
    });
  }
  if (names.length === 0) return tests;
  const selected = new Set<ModelTestDefinition>();
  for (const name of names) {
    const pattern = new RegExp(`^${name.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", ".*")}$`, "i");
    const names = /[\\/]|\.(?:ya?ml|[mc]?[jt]s)$/.test(name) ? filesOf : namesOf;
    const found = tests.filter((test) => names(test).some((candidate) => pattern.test(candidate)));
    if (found.length === 0) {
      const known = [...new Set(tests.flatMap((test) => [test.name, String(test.model)]))];
      throw new AssayError("SELECTION_EMPTY", `no test is called ${JSON.stringify(name)}, nor tests a table of that name`, {
        hint: didYouMean(name, known),
      });
    }
    for (const test of found) selected.add(test);
  }
  return tests.filter((test) => selected.has(test));
}

function namesOf({ name, model }: ModelTestDefinition): readonly string[] {
  const table = String(model);
  return [name, table, splitTable(table).name];
}

function filesOf({ name, location }: ModelTestDefinition): readonly string[] {
  return [name, location.file, location.file.split(/[\\/]/).at(-1) ?? ""];
}
