import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cutMonths, months } from "../../bench/olist-months/cut-months.ts";
import { writeMonthsProject } from "../../bench/olist-months/months-project.ts";
import type { RunResult } from "../../src/terms.ts";
import { needRealOlist } from "../support/olist-data.ts";
import { makeProject, root, type TestProject } from "../support/project.ts";
import { stepsRun } from "../support/run-document.ts";
import { tableHashes } from "../support/warehouse-state.ts";

async function monthsProject(): Promise<TestProject> {
  const project = await makeProject({});
  writeMonthsProject(join(root, "examples", "nova-retail"), project.folder);
  return project;
}

/** Table → rows and content hash of what readers see. */
async function layers(project: TestProject): Promise<Readonly<Record<string, string>>> {
  const hashes = Object.entries(await tableHashes(project.folder));
  return Object.fromEntries(hashes.filter(([name]) => /^(?:bronze|silver|gold)\./.test(name)));
}

async function give(all: string, project: TestProject, month: number): Promise<void> {
  const file = `${String(month).padStart(2, "0")}.csv`;
  for (const table of await readdir(all)) {
    await mkdir(join(project.folder, "data", table), { recursive: true });
    await symlink(join(all, table, file), join(project.folder, "data", table, file));
  }
}

test("24 months of orders, with corrections of earlier ones, make the tables that one build of all of them makes", {
  timeout: 600_000,
}, async (context) => {
  const olist = needRealOlist(context);
  const all = await mkdtemp(join(tmpdir(), "assay-months-"));
  const [stepwise, atOnce] = [await monthsProject(), await monthsProject()];
  try {
    await cutMonths(olist, all);
    let refreshed = 0;
    for (let month = 1; month <= months; month++) {
      await give(all, stepwise, month);
      await give(all, atOnce, month);
      const run = await stepwise.json<RunResult>(["run"]);
      expect(run, `month ${month}`).toMatchObject({ status: "succeeded" });
      refreshed += run.steps.filter((step) => step.touched !== null).length;
    }
    expect(refreshed).toBeGreaterThan(20);
    expect((await atOnce.json<RunResult>(["run"])).status).toBe("succeeded");
    expect(await layers(stepwise)).toEqual(await layers(atOnce));
    // The same rows in another order are no change.
    const [file = ""] = await readdir(join(all, "order_payments"));
    await cp(join(all, "order_payments", file), join(stepwise.folder, "data", "order_payments", "25.csv"));
    expect((await stepwise.json<RunResult>(["run"])).status).toBe("succeeded");
    expect(stepsRun(await stepwise.json<RunResult>(["run"]))).toEqual([]);
  } finally {
    await stepwise.remove();
    await atOnce.remove();
    await rm(all, { recursive: true, force: true });
  }
});
