import { expect } from "vitest";
import { table } from "../../src/define/materialization.ts";
import type { ModelDefinition } from "../../src/define/model.ts";
import type { RunResult, StepResult, TableName } from "../../src/terms.ts";
import type { RunOptions, World } from "./world.ts";

/** A run in which nothing fails. */
export async function succeed(world: World, options?: RunOptions): Promise<RunResult> {
  const run = await world.run(options);
  expect(run.steps.flatMap((step) => step.error?.message ?? [])).toEqual([]);
  expect(run.status).toBe("succeeded");
  const { files } = await world.state();
  const counted = files.map(({ table, name, sequence }) => `${table} ${name} ${sequence}`);
  expect(counted, "files on record, each once").toEqual([...new Set(counted)]);
  return run;
}

/** What the step of a table did. */
export function stepFor(run: RunResult, table: TableName): StepResult {
  const step = run.steps.find((item) => item.table === table);
  if (step === undefined) throw new Error(`the run has no step for ${table}`);
  return step;
}

/** `inserted updated deleted`, as a step says. */
export function counted(run: RunResult, table: TableName): string {
  const { changes } = stepFor(run, table);
  return changes === null ? "none" : `${changes.inserted} ${changes.updated} ${changes.deleted}`;
}

const full = (name: TableName): TableName => `${name}_in_full`;

/** The same SQL as a table, which is built in full whenever anything changes: what an incremental model has to equal. */
export const inFull = (model: ModelDefinition): ModelDefinition => ({ ...model, name: full(model.name), materialize: table() });

/** The models hold what full builds hold, and something at all. */
export async function expectAsInFull(world: World, ...tables: readonly TableName[]): Promise<void> {
  for (const table of tables) {
    const rows = await world.rows(full(table));
    expect(await world.rows(table), table).toEqual(rows);
    expect(rows.length, `rows of ${table}`).toBeGreaterThan(0);
  }
}

/** The table was refreshed, not built in full, and this many values of `by` were touched. */
export function expectRefreshed(run: RunResult, table: TableName, values: number): void {
  const step = stepFor(run, table);
  expect(step.notes.filter((note) => note.includes("in full"))).toEqual([]);
  expect(step.touched?.values, `values touched of ${table}`).toBe(values);
}

/** Nothing was left to do. */
export async function expectIdle(world: World): Promise<void> {
  const run = await succeed(world);
  expect(run.steps.filter((step) => step.status !== "skipped").map((step) => step.step)).toEqual([]);
}
