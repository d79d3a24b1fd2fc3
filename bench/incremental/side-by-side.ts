import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Measured, measureSuccess, median } from "../measure.ts";
import { assay, freshFolder } from "../places.ts";
import { atLeast, atMost, type Report, type Result } from "../result.ts";
import { writeOrders } from "./orders-data.ts";
import { writeOrdersProject } from "./orders-project.ts";
import { type Peer, peers } from "./peers.ts";

interface Turn {
  readonly name: string;
  /** The work itself, without starting and ending the process. */
  readonly seconds: number;
  readonly measured: Measured;
  readonly total: string;
}

/**
 * 10 million items of 4 million orders become a fact of 6.7 million rows and its total a day; then 1 % of the orders come again, changed. Assay,
 * a hand-written script and its peers follow the same batches, taking turns.
 */
export async function incrementalSideBySide(runs: number): Promise<Report> {
  const folder = freshFolder("incremental");
  const data = join(folder, "data");
  const project = join(folder, "project");
  mkdirSync(project);
  await writeOrders(data, runs);
  writeOrdersProject(project);
  const give = (name: string): void => {
    if (!existsSync(join(project, "data", name))) symlinkSync(join(data, name), join(project, "data", name));
  };
  give("orders-0.parquet");
  give("items-0.parquet");
  const database = join(folder, "hand-written.duckdb");
  const found = await peers(folder, data);
  const full = [await runAssay(project), await runScript(database, data, "load")];
  for (const peer of found.ready) await peer.load();
  agree(full);
  const turns: Turn[] = [];
  for (let batch = 1; batch <= runs; batch += 1) {
    give(`orders-${batch}.parquet`);
    const now = [await runAssay(project), await runScript(database, data, String(batch))];
    for (const peer of found.ready) now.push(await runPeer(peer, batch));
    agree(now);
    turns.push(...now);
    console.log(`  ${now.map(({ name, seconds }) => `${name} ${seconds.toFixed(2)} s`).join(" · ")}`);
  }
  const rebuilt = await runScript(database, data, "full");
  const of = (name: string, value: (turn: Turn) => number): readonly number[] => turns.filter((turn) => turn.name === name).map(value);
  const work = (name: string): readonly number[] => of(name, (turn) => turn.seconds);
  const wall = (name: string): readonly number[] => of(name, (turn) => turn.measured.seconds);
  const time = (name: string, values: readonly number[], peakMiB: number | null = null): Result => ({
    name,
    value: median(values),
    unit: "s",
    runs: values,
    limit: null,
    peakMiB,
  });
  const ratio = (name: string, above: readonly number[], below: readonly number[], limit: Result["limit"]): Result => ({
    name,
    value: median(above) / median(below),
    unit: "×",
    runs: above.map((value, turn) => value / (below[turn] ?? Number.NaN)),
    limit,
    peakMiB: null,
  });
  const peak = Math.max(...turns.filter((turn) => turn.name === assayName).flatMap((turn) => turn.measured.peakMiB ?? []));
  return {
    results: [
      time("refresh, 1 % of 4 million orders: assay", work(assayName), peak),
      time("refresh: hand-written touched keys", work(scriptName)),
      time("full build, hand-written, no tracking", [rebuilt.seconds]),
      ratio("assay ÷ hand-written touched keys", work(assayName), work(scriptName), atMost(1.8)),
      ...found.ready.flatMap(({ name }) => [
        time(`refresh: ${name}, whole command`, wall(name)),
        ratio(`${name} ÷ assay run, whole commands`, wall(name), wall(assayName), atLeast(5)),
      ]),
    ],
    stages: [],
    notes: [
      "Refresh: merge of the batch, row changes, fact, daily total, checks and commit; without starting the process. All contestants made the same rows and total after each batch.",
      ...found.skipped,
    ],
  };
}

const assayName = "assay";
const scriptName = "hand-written";

async function runAssay(project: string): Promise<Turn> {
  const measured = await measureSuccess(assay(["run", "--project", project, "--json"]));
  const { duration_ms } = JSON.parse(measured.stdout) as { readonly duration_ms: number };
  const { stdout } = await measureSuccess(assay(["query", "select sum(revenue)::varchar from gold.daily", "--project", project, "--json"]));
  const { rows } = JSON.parse(stdout) as { readonly rows: readonly (readonly string[])[] };
  return { name: assayName, seconds: duration_ms / 1000, measured, total: String(rows[0]?.[0]) };
}

async function runScript(database: string, data: string, what: string): Promise<Turn> {
  const measured = await measureSuccess({
    file: process.execPath,
    arguments: [join(import.meta.dirname, "hand-written.ts"), database, data, what],
  });
  const { seconds, total } = JSON.parse(measured.stdout) as { readonly seconds: number; readonly total: string };
  return { name: scriptName, seconds, measured, total };
}

async function runPeer(peer: Peer, batch: number): Promise<Turn> {
  const { measured, total } = await peer.refresh(batch);
  return { name: peer.name, seconds: measured.seconds, measured, total };
}

function agree(turns: readonly Turn[]): void {
  const [first, ...others] = turns;
  const other = others.find((turn) => turn.total !== first?.total);
  if (other !== undefined) throw new Error(`${first?.name} made a total of ${first?.total}, ${other.name} ${other.total}`);
}
