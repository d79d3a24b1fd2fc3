import { existsSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RunResult } from "../../src/terms.ts";
import { type Measured, measureSuccess } from "../measure.ts";
import { assay, freshExample, freshFolder } from "../places.ts";
import { type Outcome, totalsQuery } from "./outcome.ts";

/** One full run from nothing. */
export interface Attempt {
  readonly measured: Measured;
  readonly outcome: Outcome;
}

/** `assay run` on a project that has never run. */
export async function runAssay(data: string, args: readonly string[] = []): Promise<Attempt> {
  const project = freshExample("nova-retail");
  const measured = await measureSuccess(assay(["run", "--project", project, "--json", ...args], { OLIST_DIR: data }));
  return { measured, outcome: await outcomeOfRun(project, JSON.parse(measured.stdout) as RunResult) };
}

export async function runHandWritten(data: string): Promise<Attempt> {
  const script = join(import.meta.dirname, "hand-written.ts");
  const measured = await measureSuccess({ file: process.execPath, arguments: [script, data, freshFolder("hand-written")] });
  return { measured, outcome: lastLine(measured) };
}

export async function runSpark(python: string, data: string): Promise<Attempt> {
  const script = join(import.meta.dirname, "pyspark_pipeline.py");
  const measured = await measureSuccess({
    file: python,
    arguments: [script, data, freshFolder("pyspark")],
    environment: { PYSPARK_PYTHON: python, SPARK_HOME: undefined },
  });
  const outcome = lastLine(measured);
  return { measured: { ...measured, peakMiB: outcome.peakMiB ?? null }, outcome };
}

function lastLine(measured: Measured): Outcome {
  return JSON.parse(measured.stdout.trim().split("\n").at(-1) ?? "") as Outcome;
}

async function outcomeOfRun(project: string, run: RunResult): Promise<Outcome> {
  const facts: Record<string, string> = {};
  const stages: Record<string, number> = {};
  for (const step of run.steps) {
    if (step.kind === "sink") continue;
    if (step.status !== "succeeded") throw new Error(`${step.step} ${step.status}: ${step.error?.message ?? step.reason}`);
    facts[`rows ${step.table}`] = String(step.rows_out);
    const layer = step.table.slice(0, step.table.indexOf("."));
    stages[layer] = (stages[layer] ?? 0) + step.duration_ms / 1000;
  }
  return { facts: { ...facts, ...(await totals(join(project, "warehouse.duckdb"))) }, stages };
}

async function totals(database: string): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(database)) throw new Error(`no database at ${database}`);
  const instance = await DuckDBInstance.create(database, { access_mode: "READ_ONLY" });
  const connection = await instance.connect();
  const [row] = (await connection.runAndReadAll(totalsQuery)).getRowObjectsJson();
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, String(value)]));
}
