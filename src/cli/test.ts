import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { memoryDatabase } from "../adapters/duckdb/database.ts";
import { duckdbAnalyzer } from "../adapters/duckdb/sql-analyzer.ts";
import { type TestDatabases, testDatabases } from "../adapters/duckdb/test-databases.ts";
import { compileProject } from "../compile/compile.ts";
import { type CompiledTest, compileModelTest } from "../compile/model-test/compile-model-test.ts";
import { loadModelTests } from "../compile/model-test/load-model-tests.ts";
import { selectTests } from "../compile/model-test/select-tests.ts";
import { resolvePath } from "../compile/settings.ts";
import type { ModelTestDefinition } from "../define/model-test.ts";
import { AssayError, throwAll } from "../errors.ts";
import { refuseMisfits } from "../execute/model-test/refuse-misfits.ts";
import { runModelTest } from "../execute/model-test/run-model-test.ts";
import type { TestResult } from "../execute/model-test/test-result.ts";
import { withSession } from "../execute/with-session.ts";
import { print, renderOptions } from "./output.ts";
import { renderTests } from "./render/render-tests.ts";
import { testWorld } from "./test-world.ts";
import { type CommonOptions, openWorkspace, type Workspace } from "./workspace.ts";

const mostLanes = 8;

/** `assay test [NAME…]`: fixtures in, expected rows out, in memory. Exit code 1 when a test failed. */
export async function testCommand(names: readonly string[], options: CommonOptions): Promise<number> {
  const started = performance.now();
  const workspace = await openWorkspace(options);
  const { folders } = workspace;
  const selected = selectTests(await loadModelTests(folders.project, folders.current), names);
  const compiled = await compileTests(workspace, selected);
  const scratch = await mkdtemp(join(tmpdir(), "assay-test-"));
  // Each with one thread of the engine: a test is many small statements, one after the other.
  const lanes = await Promise.all(Array.from({ length: Math.min(availableParallelism(), compiled.length, mostLanes) }, testDatabases));
  try {
    throwAll(await misfits(compiled, lanes));
    const tests = await shared(compiled, lanes, (test, databases, index) => runTest(test, workspace, databases, join(scratch, `${index}`)));
    const failed = tests.filter((test) => test.status === "failed").length;
    const summary = { passed: tests.length - failed, failed, duration_ms: Math.round(performance.now() - started), tests };
    print(options.json, summary, () => renderTests(summary, renderOptions()));
    return failed === 0 ? 0 : 1;
  } finally {
    for (const databases of lanes) databases.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The project compiled once, and every test held against it; throws the errors of all of them. */
async function compileTests(workspace: Workspace, tests: readonly ModelTestDefinition[]): Promise<readonly CompiledTest[]> {
  const analyzer = await duckdbAnalyzer(await memoryDatabase());
  try {
    const manifest = await compileProject(workspace.project, analyzer);
    const compiled: CompiledTest[] = [];
    const errors: AssayError[] = [];
    for (const test of tests) {
      try {
        compiled.push(await compileModelTest(test, workspace.project, manifest, analyzer));
      } catch (error) {
        if (!(error instanceof AssayError)) throw error;
        errors.push(error);
      }
    }
    throwAll(errors);
    return compiled;
  } finally {
    analyzer.close();
  }
}

/** Work on every test, the next one by whichever lane is free; results in the tests' order. */
async function shared<T>(
  tests: readonly CompiledTest[],
  lanes: readonly TestDatabases[],
  work: (test: CompiledTest, databases: TestDatabases, index: number) => Promise<T>,
): Promise<readonly T[]> {
  const results: T[] = [];
  const waiting = tests.entries();
  await Promise.all(
    lanes.map(async (databases) => {
      for (const [index, test] of waiting) results[index] = await work(test, databases, index);
    }),
  );
  return results;
}

async function misfits(tests: readonly CompiledTest[], [databases]: readonly TestDatabases[]): Promise<readonly AssayError[]> {
  if (databases === undefined) return [];
  return withSession(await databases.next(), async (session) => {
    const errors: AssayError[] = [];
    for (const test of tests) errors.push(...(await refuseMisfits(test, session)));
    return errors;
  });
}

async function runTest(test: CompiledTest, workspace: Workspace, databases: TestDatabases, folder: string): Promise<TestResult> {
  const started = performance.now();
  const world = await testWorld(databases, folder, (place, location) =>
    resolvePath(place ?? ".", workspace.variables, workspace.folders, location),
  );
  const failure = await runModelTest(test, world);
  const { name, description, model, location } = test;
  const duration_ms = Math.round(performance.now() - started);
  return { name, description, model, location, status: failure === null ? "passed" : "failed", duration_ms, failure };
}
