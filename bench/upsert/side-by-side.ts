import { join } from "node:path";
import { type Measured, measureSuccess } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { startDatabases } from "../postgres-models/databases.ts";
import { atLeast, type Report, ratio, time } from "../result.ts";
import { transactionsCsv, transactionsSource } from "../transactions.ts";
import { writeFiles } from "../write-files.ts";

const mostRows = 1_000_000;
const rowsOfChunk = 50_000;

const config = `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "upsert", environments: { pro: { engine: postgres(env("UPSERT_URL")) } } });
`;

/**
 * A table of a million rows meets a file of a million, every second one of a known key with another amount: Assay's chunked merge beside a
 * script that sends one MERGE text per row. Whole processes, PostgreSQL on the same machine, the same rows after it.
 */
export async function upsertSideBySide(runs: number, scale: number): Promise<Report> {
  const rows = Math.round(mostRows * scale);
  const folder = freshFolder("upsert");
  const databases = await startDatabases();
  const run = (database: string): Promise<Measured> =>
    measureSuccess(assay(["run", "--project", folder, "--env", "pro", "--json"], { UPSERT_URL: databases.urlOf(database) }));
  const ours: Measured[] = [];
  const rowWise: Measured[] = [];
  try {
    writeFiles(folder, {
      "assay.config.ts": config,
      "sources/transactions.ts": transactionsSource("data/*.csv", "merge", rowsOfChunk),
      "data/1.csv": transactionsCsv(1, rows, "25"),
    });
    await databases.create("known", null);
    await run("known");
    const copy = ["create schema shop", "create table shop.transactions (like bronze.transactions including all)"];
    for (const statement of [...copy, "insert into shop.transactions select * from bronze.transactions", "analyze shop.transactions"]) {
      await databases.value("known", statement);
    }
    const half = Math.round(rows / 2);
    writeFiles(folder, { "data/2.csv": transactionsCsv(half + 1, half + rows, "75") });
    for (let turn = 0; turn < runs; turn += 1) {
      await databases.create("assay_turn", "known");
      ours.push(await run("assay_turn"));
      await databases.create("script_turn", "known");
      const script = join(import.meta.dirname, "row-wise.ts");
      rowWise.push(
        await measureSuccess({ file: process.execPath, arguments: [script, databases.urlOf("script_turn"), join(folder, "data/2.csv")] }),
      );
      await assertSame(databases.value, half + rows);
      console.log(`  assay run ${ours.at(-1)?.seconds.toFixed(1)} s · MERGE of each row ${rowWise.at(-1)?.seconds.toFixed(1)} s`);
    }
  } finally {
    await databases.stop();
  }
  const seconds = (measured: readonly Measured[]): readonly number[] => measured.map((each) => each.seconds);
  return {
    results: [
      time(`upsert of ${rows} rows: assay run, chunks of ${rowsOfChunk}`, seconds(ours)),
      time(`upsert of ${rows} rows: one MERGE text per row`, seconds(rowWise)),
      ratio("upsert: one MERGE text per row ÷ assay run", seconds(rowWise), seconds(ours), atLeast(3)),
    ],
    stages: [],
    notes: [
      `Upsert: ${rows} rows are there, ${rows} come, half of them with a known key. Assay also types and judges every row, writes Parquet, checks keys and records what changed.`,
    ],
  };
}

async function assertSame(value: (database: string, query: string) => Promise<string>, rows: number): Promise<void> {
  const contents = (table: string): string =>
    `select count(*) || ' ' || sum(hashtextextended((transaction_id, customer, happened_on, amount)::text, 0)) from ${table}`;
  const [ours, theirs] = [
    await value("assay_turn", contents("bronze.transactions")),
    await value("script_turn", contents("shop.transactions")),
  ];
  if (ours !== theirs || !ours.startsWith(`${rows} `)) throw new Error(`not the same rows: ${ours} and ${theirs}, expected ${rows}`);
}
