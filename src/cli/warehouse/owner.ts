import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AssayError, messageOf } from "../../errors.ts";

/** The process that has the project's database open for writing. The database's own lock decides; this file only tells who it is. */
export interface Owner {
  readonly pid: number;
  readonly command: string;
  readonly since: string;
}

const ownerFile = (folder: string): string => join(folder, "owner.json");

export function writeOwner(folder: string, owner: Owner): void {
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(ownerFile(folder), `${JSON.stringify(owner)}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") {
      const hint = "free some space and run again; what was published before stands";
      throw new AssayError("DISK_FULL", `no space is left for the folder ${folder}`, { hint, cause: error });
    }
    throw new AssayError("STORAGE_UNWRITABLE", `the folder ${folder} cannot be written: ${messageOf(error)}`, {
      hint: "give this user write permission on the project's folder",
      cause: error,
    });
  }
}

export function releaseOwner(folder: string): void {
  rmSync(ownerFile(folder), { force: true });
}

export function lockedError(folder: string, database: string, processId: number | null): AssayError {
  const owner = readOwner(folder);
  const known = owner !== null && (processId === null || owner.pid === processId);
  const who = known
    ? `${owner.command} (process ${owner.pid}) since ${owner.since}`
    : processId === null
      ? "another process"
      : `process ${processId}`;
  return new AssayError("PROJECT_LOCKED", `the project's database ${database} is in use by ${who}`, {
    hint: "wait until it has finished, then try again; two runs never share one embedded database",
  });
}

function readOwner(folder: string): Owner | null {
  try {
    return JSON.parse(readFileSync(ownerFile(folder), "utf8")) as Owner;
  } catch {
    // Absent or half-written: the lock itself still says that somebody holds it.
    return null;
  }
}
