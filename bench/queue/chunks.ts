import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../../test/services/postgres.ts";
import { measureSuccess } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { type Report, type Result, time } from "../result.ts";
import { transactionsCsv, transactionsSource } from "../transactions.ts";
import { writeFiles } from "../write-files.ts";

const rowsOfChunk = 100;
const mostChunks = 10_000;
const crews = [1, 2, 3] as const;

const config = `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "chunks", environments: {
${crews.map((crew) => `  workers_${crew}: { engine: postgres(env("CHUNKS_URL"), { schemaPrefix: "workers_${crew}" }), workers: true },`).join("\n")}
} });
`;

/** A file in chunks, each a step of its own, by one, two and three workers: every row is counted after it. */
export async function chunksByWorkers(scale: number): Promise<Report> {
  const chunks = Math.max(1, Math.round(mostChunks * scale));
  const rows = chunks * rowsOfChunk;
  const server = await startPostgres();
  const folder = freshFolder("chunks");
  writeFiles(folder, {
    "assay.config.ts": config,
    "sources/transactions.ts": transactionsSource("data/transactions.csv", "replace", rowsOfChunk),
    "data/transactions.csv": transactionsCsv(1, rows, "25"),
  });
  const settings = { CHUNKS_URL: server.url };
  const results: Result[] = [];
  try {
    for (const crew of crews) {
      const place = ["--project", folder, "--env", `workers_${crew}`];
      const workers: ChildProcess[] = [];
      try {
        for (let count = 0; count < crew; count++) {
          const command = assay(["worker", ...place, "--concurrency", "2"], settings);
          const worker = spawn(command.file, command.arguments, {
            env: { ...process.env, ...settings },
            stdio: ["ignore", "ignore", "pipe"],
          });
          workers.push(worker);
          await once(worker.stderr ?? worker, "data");
        }
        const { stdout } = await measureSuccess(assay(["run", ...place, "--json"], settings));
        const run = JSON.parse(stdout) as RunResult;
        const loads = run.steps.filter((step) => step.kind === "load" && step.status === "succeeded").length;
        await requireRows(server.url, `workers_${crew}_bronze`, rows);
        if (loads !== chunks) throw new Error(`${loads} of ${chunks} chunks were loaded`);
        results.push(time(`${chunks} chunks of ${rowsOfChunk} rows, workers: ${crew}`, [(run.duration_ms ?? 0) / 1000]));
      } finally {
        for (const worker of workers) worker.kill();
        await Promise.all(workers.map((worker) => (worker.exitCode === null ? once(worker, "exit") : null)));
      }
    }
  } finally {
    await server.stop();
  }
  const notes = [`Workers of two attempts at a time and PostgreSQL on one machine: they share its cores. ${rows} rows, each there once.`];
  return { results, stages: [], notes };
}

async function requireRows(url: string, schema: string, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const text = `select count(*)::int as n, count(distinct transaction_id)::int as ids from ${pg.escapeIdentifier(schema)}.transactions`;
    const found = (await client.query<{ n: number; ids: number }>(text)).rows[0];
    if (found?.n !== rows || found.ids !== rows) throw new Error(`${rows} rows, but ${found?.n} with ${found?.ids} keys are there`);
  } finally {
    await client.end();
  }
}
