import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** The log of one run: its files' names, their bytes, and the last write in ms since 1970. */
interface RunFiles {
  readonly names: string[];
  bytes: number;
  written: number;
}

/**
 * Deletes the logs of the oldest runs (by last write), so that at most `keep` files stay in the folder; a run's files go together, and
 * those of `runId` always stay. Files that are not run logs are left alone. Returns the names it deleted.
 */
export function deleteOldLogs(folder: string, runId: string, keep: number): readonly string[] {
  const runs = logsByRun(folder);
  let left = keep - (runs.get(runId)?.names.length ?? 0);
  runs.delete(runId);
  const deleted: string[] = [];
  for (const run of [...runs.values()].sort((a, b) => b.written - a.written)) {
    left -= run.names.length;
    if (left >= 0) continue;
    for (const name of run.names) rmSync(join(folder, name), { force: true });
    deleted.push(...run.names);
  }
  return deleted.sort();
}

/** Logs in a folder by run; none where there is no folder. */
export function logsByRun(folder: string): Map<string, RunFiles> {
  const runs = new Map<string, RunFiles>();
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const run = /^(.+)\.log(?:\.[1-4])?$/.exec(name)?.[1];
    // Another process may delete the same log at the same time.
    const stat = run === undefined ? undefined : statSync(join(folder, name), { throwIfNoEntry: false });
    if (run === undefined || stat === undefined || !stat.isFile()) continue;
    const files = runs.get(run) ?? { names: [], bytes: 0, written: 0 };
    files.names.push(name);
    files.bytes += stat.size;
    files.written = Math.max(files.written, stat.mtimeMs);
    runs.set(run, files);
  }
  return runs;
}
