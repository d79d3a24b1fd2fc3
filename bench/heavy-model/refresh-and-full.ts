import type { Plan } from "../../src/plan/plan.ts";
import type { RunResult, StepResult } from "../../src/terms.ts";
import { inProject } from "../contents.ts";
import { linkedProject } from "../linked-project.ts";
import { largestPeak, type Measured, measureSuccess } from "../measure.ts";
import { assay } from "../places.ts";
import { atMost, type Report, ratio, time } from "../result.ts";
import { sizesAt, writeHeavyData } from "./heavy-data.ts";
import { writeHeavyProject } from "./heavy-project.ts";

const heavy = "gold.heavy";

interface Turn {
  readonly merge: Run;
  readonly refresh: Run;
  readonly full: Run;
}

/** One `assay run`. */
interface Run {
  readonly measured: Measured;
  /** Duration of the run, without starting the process. */
  readonly seconds: number;
  readonly step: StepResult;
}

/**
 * A model of six joins and two windows over 20 million items (scale 1): one order of a thousand comes again, changed, and is followed; then the
 * model is built in full from the same input, which must make the same rows.
 */
export async function refreshAndFull(runs: number, scale: number): Promise<Report> {
  const { data, project, give } = linkedProject("heavy-model");
  await writeHeavyData(data, runs, scale);
  writeHeavyProject(project);
  for (const table of ["orders", "items", "payments", "customers", "products", "sellers", "calendar"]) give(`${table}-0.parquet`);
  await run(project, ["--select", "bronze.*"], "bronze.orders");
  const first = await run(project, [], heavy);
  const turns: Turn[] = [];
  for (let batch = 1; batch <= runs; batch += 1) {
    give(`orders-${batch}.parquet`);
    turns.push(await turn(project, scale));
    const { merge, refresh, full } = turns.at(-1) as Turn;
    console.log(
      `  merge ${merge.seconds.toFixed(2)} s · refresh ${refresh.seconds.toFixed(2)} s · full build ${full.seconds.toFixed(2)} s`,
    );
  }
  return report(first, turns, scale);
}

async function turn(project: string, scale: number): Promise<Turn> {
  const merge = await run(project, ["--select", "bronze.orders"], "bronze.orders");
  await assertPlanned(project, scale);
  const refresh = await run(project, [], heavy);
  if (refresh.step.touched?.values !== sizesAt(scale).changed) throw new Error(`${heavy} was not refreshed by the changed orders alone`);
  const followed = await contents(project);
  const full = await run(project, ["--select", heavy, "--full-refresh"], heavy);
  if (full.step.touched !== null) throw new Error(`${heavy} was not built in full`);
  const built = await contents(project);
  if (followed !== built) throw new Error(`no ratio: the refreshed table holds ${followed}, the full build makes ${built}`);
  return { merge, refresh, full };
}

/** The plan has to say "touched n of m": what a refresh will rebuild, before it does. */
async function assertPlanned(project: string, scale: number): Promise<void> {
  const { stdout } = await measureSuccess(assay(["plan", "--project", project, "--json"]));
  const build = (JSON.parse(stdout) as Plan).steps.find(({ table }) => table === heavy)?.build;
  const { changed } = sizesAt(scale);
  // Cancelled orders and orders without items are not in the table; the plan's figure is an estimate.
  const orders = Number(await inProject(project, `select count(distinct order_id) from ${heavy}`));
  const near = build?.touched?.of != null && Math.abs(build.touched.of / orders - 1) < 0.25;
  if (build?.mode === "refresh" && build.touched?.values === changed && near) return;
  throw new Error(`the plan does not say that ${heavy} refreshes ${changed} of about ${orders} values: ${JSON.stringify(build)}`);
}

async function run(project: string, args: readonly string[], table: string): Promise<Run> {
  const measured = await measureSuccess(assay(["run", "--project", project, "--json", ...args]));
  const result = JSON.parse(measured.stdout) as RunResult;
  const step = result.steps.find((item) => item.table === table);
  if (step?.status !== "succeeded") throw new Error(`${table} was not built: ${step?.error?.message ?? step?.reason ?? "no such step"}`);
  return { measured, seconds: (result.duration_ms ?? Number.NaN) / 1000, step };
}

const contents = (project: string): Promise<string> =>
  inProject(project, `select concat(count(*), ' rows, ', sum(price), ', ', sum(hash(h)::hugeint)) from ${heavy} as h`);

function report(first: Run, turns: readonly Turn[], scale: number): Report {
  const seconds = (kind: keyof Turn): readonly number[] => turns.map((each) => each[kind].seconds);
  const peak = (kind: keyof Turn): number | null => largestPeak(turns.map((each) => each[kind].measured));
  const followed = turns.map(({ merge, refresh }) => merge.seconds + refresh.seconds);
  const size = `${20 * scale} million items`;
  return {
    results: [
      time(`six joins, two windows, ${size}: first build`, [first.seconds], first.measured.peakMiB),
      time("heavy model: full build", seconds("full"), peak("full")),
      time("heavy model: merge of 0.1 % of the orders", seconds("merge"), peak("merge")),
      time("heavy model: refresh", seconds("refresh"), peak("refresh")),
      ratio("heavy model: merge and refresh ÷ full build", followed, seconds("full"), atMost(0.15)),
    ],
    stages: [],
    notes: [
      "Heavy model: durations of runs, without starting the process. The merge is charged to the refresh, ingest is not charged to the full build. " +
        "`assay plan` had to say how many orders a refresh would touch, and the full build after each refresh had to make the same rows.",
    ],
  };
}
