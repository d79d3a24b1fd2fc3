import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { duckdbStateStore } from "../adapters/duckdb/state-store.ts";
import type { RunStatus } from "../terms.ts";
import { print, renderOptions } from "./output.ts";
import { renderRun } from "./render/render-run.ts";
import { renderRuns } from "./render/render-runs.ts";
import { resolveRun } from "./resolve-run.ts";
import { type CommonOptions, openWorkspace, readTables } from "./workspace.ts";

/** `assay runs list`: newest first. */
export async function runsListCommand(options: CommonOptions & { readonly limit: number }): Promise<number> {
  const workspace = await openWorkspace(options);
  const runs = (await readTables(workspace, (session) => duckdbStateStore().listRuns(session, options.limit))).map(settled);
  print(options.json, { runs }, () => renderRuns(runs, renderOptions()));
  return 0;
}

/** `assay runs show [RUN]`: one run with its steps, checks and ledger; the last one when none is named. */
export async function runsShowCommand(runId: string | null, options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const store = duckdbStateStore();
  const run = await readTables(workspace, async (session) => {
    const runs = await store.listRuns(session, 100_000);
    const id = resolveRun(
      runs.map((item) => item.run_id),
      runId ?? "last",
    );
    const found = await store.readRun(session, id);
    if (found === null) throw new Error(`run ${id} is listed but cannot be read`);
    return settled(found);
  });
  const log = join(workspace.platformFolder, "logs", `${run.run_id}.log`);
  const shownLog = statSync(log, { throwIfNoEntry: false }) === undefined ? null : relative(workspace.folders.current, log);
  const flags = options.project === "." ? [] : ["--project", options.project];
  print(options.json, run, () => renderRun(run, { ...renderOptions(), log: shownLog, flags, checks: "all" }));
  return 0;
}

/** Who can read the embedded database knows that nobody owns it: a run that is still marked as running was killed. */
function settled<T extends { readonly status: RunStatus }>(run: T): T {
  return run.status === "running" ? { ...run, status: "interrupted" } : run;
}
