import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../../test/services/postgres.ts";
import { measureSuccess } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { type Report, type Result, time } from "../result.ts";

const rowsOfChunk = 100;
const mostChunks = 10_000;
const crews = [1, 2, 3] as const;

function chunkedProject(rows: number): string {
  const folder = freshFolder("chunks");
  for (const part of ["sources", "data"]) mkdirSync(join(folder, part), { recursive: true });
  const lines = Array.from({ length: rows }, (_, row) => `${row + 1},customer ${row % 9_973},2026-01-${10 + (row % 20)},${row % 1_009}.25`);
  writeFileSync(join(folder, "data/transactions.csv"), `transaction_id,customer,happened_on,amount\n${lines.join("\n")}\n`);
  writeFileSync(
    join(folder, "assay.config.ts"),
    `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "chunks", environments: {
${crews.map((crew) => `  workers_${crew}: { engine: postgres(env("CHUNKS_URL"), { schemaPrefix: "workers_${crew}" }), workers: true },`).join("\n")}
} });
`,
  );
  writeFileSync(
    join(folder, "sources/transactions.ts"),
    `import { bronze, csv, t } from "assay";
export const transactions = bronze("transactions", {
  from: csv("data/transactions.csv"),
  columns: { transaction_id: t.integer(), customer: t.varchar(), happened_on: t.date(), amount: t.decimal(12, 2) },
  key: ["transaction_id"],
  chunks: { rows: ${rowsOfChunk} },
});
`,
  );
  return folder;
}

/** A file in chunks, each a step of its own, by one, two and three workers: every row is counted after it. */
export async function chunksByWorkers(scale: number): Promise<Report> {
  const chunks = Math.max(1, Math.round(mostChunks * scale));
  const rows = chunks * rowsOfChunk;
  const server = await startPostgres();
  const folder = chunkedProject(rows);
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
