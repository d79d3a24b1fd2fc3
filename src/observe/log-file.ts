import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { AssayError, messageOf } from "../errors.ts";

/** Files of one log: the current one and up to four older ones (`.1` is the youngest of them). */
const parts = 5;

/** A text file that is cut into parts by size. Every write is in the file when the call returns, so a killed process loses nothing. */
export interface LogFile {
  /** Does nothing after `close`. */
  write(text: string): void;
  close(): void;
}

/**
 * Opens a log for appending; its folder is made when it is missing. When a write would make the file larger than `maxBytes`, it becomes
 * `<path>.1` and a new one is begun. Throws STORAGE_UNWRITABLE, DISK_FULL.
 */
export function logFile(path: string, maxBytes: number): LogFile {
  let current: OpenFile | null = onDisk(path, () => open(path));
  const rotate = (full: OpenFile): OpenFile => {
    for (let part = parts - 2; part >= 1; part -= 1) move(`${path}.${part}`, `${path}.${part + 1}`);
    move(path, `${path}.1`);
    const next = open(path);
    closeSync(full.descriptor);
    return next;
  };
  return {
    write(text) {
      onDisk(path, () => {
        if (current === null) return;
        const bytes = Buffer.from(text, "utf8");
        if (current.size > 0 && current.size + bytes.length > maxBytes) current = rotate(current);
        for (let written = 0; written < bytes.length; ) written += writeSync(current.descriptor, bytes, written);
        current.size += bytes.length;
      });
    },
    close() {
      const last = current;
      current = null;
      if (last !== null) onDisk(path, () => closeSync(last.descriptor));
    },
  };
}

interface OpenFile {
  readonly descriptor: number;
  size: number;
}

function open(path: string): OpenFile {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, "a");
  return { descriptor, size: fstatSync(descriptor).size };
}

function move(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function onDisk<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const full = codeOf(error) === "ENOSPC";
    throw new AssayError(full ? "DISK_FULL" : "STORAGE_UNWRITABLE", `The run log ${path} cannot be written: ${messageOf(error)}`, {
      hint: full ? "Free space on the disk; the run log ends where it ran out." : "Give this user the right to write the folder.",
      cause: error,
    });
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
