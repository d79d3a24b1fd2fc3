import type { RunResult } from "../src/terms.ts";
import { startPostgres } from "../test/services/postgres.ts";
import type { DataSet } from "./data-set.ts";
import { measureSuccess, median } from "./measure.ts";
import { assay, freshExample } from "./places.ts";
import { atMost, type Report, type Result } from "./result.ts";

const fact = "gold.fact_sales";

/**
 * Loads the three warehouse tables of a project that is already built into a real PostgreSQL: first into an empty database, then over the
 * tables that stand there. The fact's time is its step's: staging, COPY, key and five indexes, read-back with checksum, swap.
 */
export async function postgresLoad(data: DataSet, runs: number): Promise<Report> {
  const server = await startPostgres();
  try {
    const steps: number[] = [];
    const commands: number[] = [];
    for (let turn = 0; turn < runs; turn += 1) {
      const run = ["run", "--project", freshExample("postgres-load"), "--json"];
      await measureSuccess(assay(run, { OLIST_DIR: data.folder }));
      const measured = await measureSuccess(assay(run, { OLIST_DIR: data.folder, WAREHOUSE_URL: server.url }));
      steps.push(factSeconds(JSON.parse(measured.stdout) as RunResult));
      commands.push(measured.seconds);
    }
    const result = (name: string, runs: readonly number[], limit: Result["limit"]): Result => ({
      name,
      value: median(runs),
      unit: "s",
      runs,
      limit,
      peakMiB: null,
    });
    return {
      results: [
        result("PostgreSQL load of gold.fact_sales", steps, atMost(1.5)),
        result("assay run, only the three loads", commands, null),
      ],
      stages: [],
      notes: ["PostgreSQL ran on the same machine, with its default settings; the three tables load side by side."],
    };
  } finally {
    await server.stop();
  }
}

function factSeconds(run: RunResult): number {
  const step = run.steps.find(({ kind, table }) => kind === "sink" && table === fact);
  if (step?.status !== "succeeded") throw new Error(`${fact} was not loaded: ${step?.error?.message ?? step?.reason ?? "no such step"}`);
  return step.duration_ms / 1000;
}
