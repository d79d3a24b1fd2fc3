import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/terms.ts";
import type { DataSet } from "../data-set.ts";
import { measureSuccess, median } from "../measure.ts";
import { assay, freshFolder, repository } from "../places.ts";
import { atMost, type Report, type Result } from "../result.ts";
import { cutMonths, months } from "./cut-months.ts";
import { writeMonthsProject } from "./months-project.ts";

/** Nova Retail in 24 monthly increments with corrections, beside one full build of all months. */
export async function monthlyIncrements(data: DataSet): Promise<Report> {
  const folder = freshFolder("olist-months");
  const all = join(folder, "all");
  await cutMonths(data.folder, all);
  const increments: number[] = [];
  for (let month = 1; month <= months; month += 1) {
    if (month === 1) newProject(join(folder, "increments"));
    give(all, join(folder, "increments"), month);
    increments.push(await runSeconds(join(folder, "increments")));
  }
  const full: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    newProject(join(folder, "full"));
    for (let month = 1; month <= months; month += 1) give(all, join(folder, "full"), month);
    full.push(await runSeconds(join(folder, "full")));
  }
  // The first month has everything to build; the later half reads and writes tables of a typical size.
  const typical = increments.slice(months / 2);
  const result = (name: string, value: number, unit: Result["unit"], runs: readonly number[], limit: Result["limit"] = null): Result => ({
    name,
    value,
    unit,
    runs,
    limit,
    peakMiB: null,
  });
  const ratios = typical.map((seconds) => seconds / median(full));
  return {
    results: [
      result("Nova Retail, all 24 months at once", median(full), "s", full),
      result("Nova Retail, one month more (months 13 to 24)", median(typical), "s", typical),
      result("one month more ÷ all at once", median(ratios), "×", ratios, atMost(0.25)),
    ],
    stages: [],
    notes: [
      "Months: the Olist files cut by month of purchase, rows in no order, one row of 20 sent again changed in a later month. Durations of the runs, without starting the process.",
    ],
  };
}

function newProject(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeMonthsProject(join(repository, "examples/nova-retail"), folder);
}

function give(all: string, project: string, month: number): void {
  const file = `${String(month).padStart(2, "0")}.csv`;
  for (const table of readdirSync(all)) {
    mkdirSync(join(project, "data", table), { recursive: true });
    symlinkSync(join(all, table, file), join(project, "data", table, file));
  }
}

async function runSeconds(project: string): Promise<number> {
  const { stdout } = await measureSuccess(assay(["run", "--project", project, "--json"]));
  return (JSON.parse(stdout) as RunResult).duration_ms === null ? Number.NaN : ((JSON.parse(stdout) as RunResult).duration_ms ?? 0) / 1000;
}
