import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../../test/services/postgres.ts";
import { measureSuccess, median } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { atMost, type Report, type Result } from "../result.ts";

const steps = 200;

/** A chain of models of one row each: there is hardly anything to do but to hand steps over, one after the other. */
function chainProject(): string {
  const folder = freshFolder("queue");
  for (const part of ["sources", "models/gold", "data"]) mkdirSync(join(folder, part), { recursive: true });
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write("data/one.csv", "n\n1\n");
  write(
    "assay.config.ts",
    `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "queue", environments: {
  alone: { engine: postgres(env("QUEUE_URL"), { schemaPrefix: "alone" }) },
  shared: { engine: postgres(env("QUEUE_URL"), { schemaPrefix: "shared" }), workers: true },
} });
`,
  );
  write(
    "sources/one.ts",
    `import { bronze, csv, t } from "assay";
export const one = bronze("one", { from: csv("data/one.csv"), columns: { n: t.integer() }, key: ["n"] });
`,
  );
  for (let step = 0; step < steps; step++) {
    const upstream = step === 0 ? "bronze.one" : `gold.step_${step - 1}`;
    write(`models/gold/step_${step}.sql`, `/*\ngrain: [n]\n*/\nselect n from ${upstream}\n`);
  }
  return folder;
}

/** What it costs a step to be handed over to a worker and back, instead of being done where the run is. */
export async function queueOverhead(runs: number): Promise<Report> {
  const server = await startPostgres();
  const folder = chainProject();
  const settings = { QUEUE_URL: server.url };
  const command = assay(["worker", "--project", folder, "--env", "shared"], settings);
  const worker = spawn(command.file, command.arguments, { env: { ...process.env, ...settings }, stdio: ["ignore", "ignore", "pipe"] });
  try {
    await once(worker.stderr, "data");
    const build = async (environment: string): Promise<number> => {
      const words = ["run", "--project", folder, "--env", environment, "--full-refresh", "--json"];
      const { stdout } = await measureSuccess(assay(words, settings));
      return (JSON.parse(stdout) as RunResult).duration_ms ?? 0;
    };
    const alone: number[] = [];
    const shared: number[] = [];
    for (let turn = 0; turn < runs; turn++) {
      alone.push((await build("alone")) / steps);
      shared.push((await build("shared")) / steps);
    }
    const result = (name: string, values: readonly number[], limit: Result["limit"]): Result => {
      return { name, value: median(values) / 1000, unit: "s", runs: values.map((value) => value / 1000), limit, peakMiB: null };
    };
    const overhead = shared.map((value, turn) => value - (alone[turn] ?? 0));
    return {
      results: [
        result("a step of a chain, by the run itself", alone, null),
        result("a step of a chain, by a worker", shared, null),
        result("overhead of the queue, a step", overhead, atMost(0.01)),
      ],
      stages: [],
      notes: [`A chain of ${steps} tables of one row on PostgreSQL on the same machine, one after the other, by one worker.`],
    };
  } finally {
    worker.kill();
    await server.stop();
  }
}
