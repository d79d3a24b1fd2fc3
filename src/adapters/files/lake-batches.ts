import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { BatchManifest, LakeBatch } from "../../ports/lake.ts";
import type { TableName } from "../../terms.ts";

/** A batch's place: `bronze/<table>/dt=<date>/run_id=<run>`. */
interface BatchFolder {
  readonly table: TableName;
  readonly run_id: string;
  /** Full path. */
  readonly path: string;
}

/** Every batch folder below a lake. */
export function batchFolders(root: string): readonly BatchFolder[] {
  const below = (folder: string, prefix: string): readonly string[] => subfolders(folder).filter((name) => name.startsWith(prefix));
  const bronze = join(root, "bronze");
  return subfolders(bronze).flatMap((name) =>
    below(join(bronze, name), "dt=").flatMap((date) =>
      below(join(bronze, name, date), "run_id=").map((run) => ({
        table: `bronze.${name}` as const,
        run_id: run.slice("run_id=".length),
        path: join(bronze, name, date, run),
      })),
    ),
  );
}

/** Every batch below a lake, with its size. */
export function lakeBatches(root: string): readonly LakeBatch[] {
  return batchFolders(root).map(({ table, run_id, path }) => ({
    table,
    run_id,
    folder: relative(root, path),
    bytes: bytesIn(path),
    loaded_at: loadedAt(path),
  }));
}

/** Null for a batch without a whole manifest, which is written last. */
function loadedAt(folder: string): number | null {
  try {
    const at = Date.parse((JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as BatchManifest).loaded_at);
    return Number.isNaN(at) ? null : at;
  } catch {
    return null;
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

function subfolders(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
