import { join } from "node:path";
import { assertAgree, inDatabase, inProject } from "../contents.ts";
import { linkedProject } from "../linked-project.ts";
import { largestPeak, type Measured, measureSuccess } from "../measure.ts";
import { installedPeers } from "../peers/installed.ts";
import { assay } from "../places.ts";
import { atLeast, atMost, type Report, type Result, ratio, time } from "../result.ts";
import { contentsQuery } from "./contents.ts";
import { dbtPeer } from "./dbt-peer.ts";
import { writeOrders } from "./orders-data.ts";
import { writeOrdersProject } from "./orders-project.ts";
import type { Peer } from "./peer.ts";
import { sqlmeshPeer } from "./sqlmesh-peer.ts";

interface Turn {
  readonly name: string;
  /** The work itself, without starting and ending the process. */
  readonly seconds: number;
  readonly measured: Measured;
  /** What its tables hold now. */
  readonly contents: string;
}

/**
 * Orders and their items become a fact and its total a day; then 1 % of the orders come again, changed. Assay, a hand-written script and its
 * peers follow the same batches, taking turns. `scale` 1: 10 million items of 4 million orders, a fact of 6.7 million rows.
 */
export async function incrementalSideBySide(runs: number, scale: number): Promise<Report> {
  const { folder, data, project, give } = linkedProject("incremental");
  await writeOrders(data, runs, scale);
  writeOrdersProject(project);
  give("orders-0.parquet");
  give("items-0.parquet");
  const database = join(folder, "hand-written.duckdb");
  const found = installedPeers({
    dbt: (command) => dbtPeer(command, folder, data),
    sqlmesh: (command) => sqlmeshPeer(command, folder, data),
  });
  const full = [await runAssay(project), await runScript(database, data, "load")];
  for (const peer of found.ready) await peer.load();
  assertAgree(full);
  const turns: Turn[] = [];
  for (let batch = 1; batch <= runs; batch += 1) {
    give(`orders-${batch}.parquet`);
    const now = [await runAssay(project), await runScript(database, data, String(batch))];
    for (const peer of found.ready) now.push(await runPeer(peer, batch));
    assertAgree(now);
    turns.push(...now);
    console.log(`  ${now.map(({ name, seconds }) => `${name} ${seconds.toFixed(2)} s`).join(" · ")}`);
  }
  const rebuilt = await runScript(database, data, "full");
  return {
    results: resultsOf(turns, rebuilt, found.ready, scale),
    stages: [],
    notes: [
      "Refresh: merge of the batch, row changes, fact, daily total, checks and commit; without starting the process. All contestants made the same rows after each batch.",
      "Peers' whole commands (process start included, as their users wait for them) are held against the whole `assay run`; bringing the batch into their raw tables is not charged to them. They test the same columns on whole tables, Assay on the rows that changed.",
      ...found.skipped,
    ],
  };
}

function resultsOf(turns: readonly Turn[], rebuilt: Turn, ready: readonly Peer[], scale: number): readonly Result[] {
  const of = (name: string): readonly Turn[] => turns.filter((turn) => turn.name === name);
  const work = (name: string): readonly number[] => of(name).map((turn) => turn.seconds);
  const wall = (name: string): readonly number[] => of(name).map((turn) => turn.measured.seconds);
  const peak = (name: string): number | null => largestPeak(of(name).map(({ measured }) => measured));
  return [
    time(`refresh, 1 % of ${4 * scale} million orders: assay`, work(assayName), peak(assayName)),
    time("refresh: hand-written touched keys", work(scriptName), peak(scriptName)),
    time("full build, hand-written, no tracking", [rebuilt.seconds]),
    ratio("assay ÷ hand-written touched keys", work(assayName), work(scriptName), atMost(1.8)),
    time("assay run, whole command", wall(assayName)),
    ...ready.flatMap(({ name }) => [
      time(`${name}, whole command`, wall(name), peak(name)),
      ratio(`${name} ÷ assay run, whole commands`, wall(name), wall(assayName), atLeast(5)),
      ratio(`${name}, whole command ÷ assay's refresh itself`, wall(name), work(assayName), null),
    ]),
  ];
}

const assayName = "assay";
const scriptName = "hand-written";

async function runAssay(project: string): Promise<Turn> {
  const measured = await measureSuccess(assay(["run", "--project", project, "--json"]));
  const { duration_ms } = JSON.parse(measured.stdout) as { readonly duration_ms: number };
  const contents = await inProject(project, contentsQuery("gold.fact", "gold.daily"));
  return { name: assayName, seconds: duration_ms / 1000, measured, contents };
}

async function runScript(database: string, data: string, what: string): Promise<Turn> {
  const measured = await measureSuccess({
    file: process.execPath,
    arguments: [join(import.meta.dirname, "hand-written.ts"), database, data, what],
  });
  const { seconds } = JSON.parse(measured.stdout) as { readonly seconds: number };
  return { name: scriptName, seconds, measured, contents: await inDatabase(database, [contentsQuery("fact", "daily")]) };
}

async function runPeer(peer: Peer, batch: number): Promise<Turn> {
  const { measured, contents } = await peer.refresh(batch);
  return { name: peer.name, seconds: measured.seconds, measured, contents };
}
