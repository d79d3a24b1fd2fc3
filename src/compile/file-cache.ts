import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fingerprintOf } from "./fingerprint.ts";

/** Results that are kept in a file from one start of the program to the next. */
export interface FileCache {
  /** What was made of equal parts before, or what `make` makes now. Parts and result are plain data, as JSON has it. */
  get<T>(parts: readonly unknown[], make: () => Promise<T>): Promise<T>;
  /** Writes what was asked for, and nothing else, for the next start. */
  save(): void;
}

/**
 * `program`: what makes the results; those of another one are not taken. A file that cannot be read or written costs time and nothing else:
 * everything is made again.
 */
export function fileCache(path: string, program: string): FileCache {
  const before = readResults(path, program);
  const wanted = new Map<string, unknown>();
  return {
    async get<T>(parts: readonly unknown[], make: () => Promise<T>): Promise<T> {
      const key = fingerprintOf(parts);
      const result = before.has(key) ? (before.get(key) as T) : await make();
      wanted.set(key, result);
      return result;
    },
    save() {
      if (wanted.size === before.size && [...wanted.keys()].every((key) => before.has(key))) return;
      const beside = `${path}.${process.pid}`;
      try {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(beside, JSON.stringify({ program, results: [...wanted] }));
        renameSync(beside, path);
      } catch {
        // A project in a folder nobody may write to.
      }
    },
  };
}

function readResults(path: string, program: string): ReadonlyMap<string, unknown> {
  try {
    const kept = JSON.parse(readFileSync(path, "utf8")) as { readonly program?: unknown; readonly results?: Iterable<[string, unknown]> };
    return new Map(kept.program === program ? kept.results : []);
  } catch {
    return new Map();
  }
}
