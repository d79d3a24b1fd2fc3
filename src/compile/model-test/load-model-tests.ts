import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ModelTestDefinition } from "../../define/model-test.ts";
import { AssayError, throwAll } from "../../errors.ts";
import type { Location } from "../../terms.ts";
import { distinct, importFile, relocated, shorterPath } from "../project.ts";
import { yamlModelTests } from "./yaml-model-tests.ts";

/**
 * The tests of a project: `tests/…/*.test.yaml` and whatever `modelTest(…)` the TypeScript files there export, in the order of files and lines.
 * Files `*.test.ts` are left to other test runners. Throws PROJECT_INVALID, TEST_INVALID, NAME_DUPLICATE.
 */
export async function loadModelTests(folder: string, current: string): Promise<readonly ModelTestDefinition[]> {
  const files = testFiles(join(folder, "tests"));
  const loaded = await Promise.all(files.map((file) => testsOf(file, folder, current)));
  const errors = loaded.flatMap((file) => (file instanceof AssayError ? [file] : []));
  throwAll(distinct(errors).map((error) => relocated(error, current)));
  const tests = [...new Set(loaded.flatMap((file) => (file instanceof AssayError ? [] : file)))].map((test) => placed(test, current));
  throwAll(repeatedNames(tests));
  return tests;
}

function testFiles(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const isTest = (name: string): boolean =>
    /\.test\.ya?ml$/.test(name) || (/\.(?:ts|mts|js|mjs)$/.test(name) && !/\.(?:d|test|spec)\.[mc]?[jt]s$/.test(name));
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isTest(entry.name) && !entry.parentPath.includes("/node_modules"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function testsOf(file: string, folder: string, current: string): Promise<readonly ModelTestDefinition[] | AssayError> {
  if (!/\.ya?ml$/.test(file)) {
    const loaded = await importFile(file, folder, current);
    if (loaded instanceof AssayError) return loaded;
    return Object.values(loaded)
      .filter(isModelTest)
      .toSorted((a, b) => a.location.line - b.location.line);
  }
  try {
    return await yamlModelTests(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof AssayError) return error;
    throw error;
  }
}

function isModelTest(value: unknown): value is ModelTestDefinition {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "model_test";
}

function placed(test: ModelTestDefinition, current: string): ModelTestDefinition {
  const place = (location: Location): Location => ({ ...location, file: shorterPath(location.file, current) });
  return {
    ...test,
    location: place(test.location),
    batches: test.batches.map((batch) => ({
      ...batch,
      location: place(batch.location),
      // What is no rows(…) is refused when the test is compiled.
      given: batch.given.map((item) => (item?.location === undefined ? item : { ...item, location: place(item.location) })),
    })),
  };
}

function repeatedNames(tests: readonly ModelTestDefinition[]): readonly AssayError[] {
  return tests.flatMap((test, index) => {
    const { name, location } = test;
    if (typeof name !== "string" || name.trim() === "")
      return [new AssayError("TEST_INVALID", "a test has no name", { hint: 'write modelTest("what it shows", { … })', location })];
    const earlier = tests.slice(0, index).find((other) => other.name === name);
    if (earlier === undefined) return [];
    const hint = `the other one stands in ${earlier.location.file}:${earlier.location.line}; rename one`;
    return [new AssayError("NAME_DUPLICATE", `two tests are called ${JSON.stringify(name)}`, { hint, location })];
  });
}
