import { constants, statSync } from "node:fs";
import { access, mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { AssayError, messageOf } from "../../errors.ts";
import type { Lake } from "../../ports/lake.ts";
import { batchFolders, lakeBatches } from "./lake-batches.ts";

/** Bronze batches in a local folder. */
export function localLake(root: string): Lake {
  return {
    openBatch: async (table, date, runId) => {
      const folder = join(root, "bronze", table.slice("bronze.".length), `dt=${date}`, `run_id=${runId}`);
      try {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
      } catch (error) {
        throw await unwritable(root, folder, error);
      }
      return folder;
    },
    writeManifest: (folder, manifest) => writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`),
    absolute: (path) => join(root, path),
    relative: (path) => relative(root, path),
    // A batch is written and removed as a whole, so for a glob its folder speaks.
    holds: (files) => statSync(join(root, files.replace(/\/\*\*\/.*$/, "")), { throwIfNoEntry: false }) !== undefined,
    batches: async () => lakeBatches(root),
    removeBatch: async (folder) => {
      await rm(folder, { recursive: true, force: true });
      // One that holds other batches stays.
      for (const parent of [dirname(folder), dirname(dirname(folder))]) await rmdir(parent).catch(() => undefined);
    },
    removeRun: async (runId, keep) => {
      for (const { run_id, path } of batchFolders(root)) {
        // Of every worker that had one of its steps.
        if ((run_id === runId || run_id.startsWith(`${runId}.`)) && !keep.has(path)) await rm(path, { recursive: true, force: true });
      }
    },
  };
}

async function unwritable(root: string, folder: string, error: unknown): Promise<AssayError> {
  if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
    const hint = "free some space and run again; what was published before stands";
    return new AssayError("DISK_FULL", `no space is left for the lake folder ${folder}`, { hint, cause: error });
  }
  // Node.js says ENOENT when it cannot make a folder on a read-only file system; asking for access gives the reason.
  const reason = await access(root, constants.W_OK).then(
    () => error,
    (denied: unknown) => ((denied as NodeJS.ErrnoException).code === "ENOENT" ? error : denied),
  );
  return new AssayError("STORAGE_UNWRITABLE", `the lake folder ${root} cannot be written: ${messageOf(reason)}`, {
    hint: "give this user write permission on it, or choose another lake in assay.config.ts; what was published before stands",
    cause: error,
  });
}
