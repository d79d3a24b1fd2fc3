import { statSync } from "node:fs";
import { join, relative } from "node:path";
import type { RunStatus } from "../terms.ts";
import { print, renderOptions } from "./output.ts";
import { renderRun } from "./render/render-run.ts";
import { renderRuns } from "./render/render-runs.ts";
import { resolveRun } from "./resolve-run.ts";
import { type CommonOptions, openWorkspace, readTables } from "./workspace.ts";

/** `assay runs list`: newest first. */
export async function runsListCommand(options: CommonOptions & { readonly limit: number }): Promise<number> {
  const workspace = await openWorkspace(options);
  const { warehouse } = workspace;
  const runs = await readTables(workspace, async (session) => {
    const listed = await warehouse.store.listRuns(session, options.limit);
    return settled(listed, await warehouse.isOwned(session));
  });
  print(options.json, { runs }, () => renderRuns(runs, renderOptions()));
  return 0;
}

/** `assay runs show [RUN]`: one run with its steps, checks and ledger; the last one when none is named. */
export async function runsShowCommand(runId: string | null, options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const { warehouse } = workspace;
  const { store } = warehouse;
  const run = await readTables(workspace, async (session) => {
    const runs = await store.listRuns(session, 100_000);
    const id = resolveRun(
      runs.map((item) => item.run_id),
      runId ?? "last",
    );
    const found = await store.readRun(session, id);
    if (found === null) throw new Error(`run ${id} is listed but cannot be read`);
    const [shown = found] = settled([found], await warehouse.isOwned(session));
    return shown;
  });
  const log = join(workspace.platformFolder, "logs", `${run.run_id}.log`);
  const shownLog = statSync(log, { throwIfNoEntry: false }) === undefined ? null : relative(workspace.folders.current, log);
  const flags = options.project === "." ? [] : ["--project", options.project];
  print(options.json, run, () => renderRun(run, { ...renderOptions(), log: shownLog, flags, checks: "all" }));
  return 0;
}

/** Where nobody owns the environment, a run that is still marked as running was killed. */
function settled<T extends { readonly status: RunStatus }>(runs: readonly T[], owned: boolean): readonly T[] {
  return owned ? runs : runs.map((run) => (run.status === "running" ? { ...run, status: "interrupted" } : run));
}
