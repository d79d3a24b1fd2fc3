import type { Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { nearestName } from "../../define/nearest-name.ts";
import { AssayError } from "../../errors.ts";
import { unreadable } from "./file-bytes.ts";

export interface FoundFile {
  readonly path: string;
  /** Path below the folder in which the pattern's first wildcard stands, with `/`. */
  readonly name: string;
}

/**
 * Files that match a path or a pattern (`*`, `?` within a name, `**` for any folders), in name order. Names that start with a dot only
 * match patterns that say so. Throws SOURCE_MISSING.
 */
export async function findFiles(directory: string, pattern: string): Promise<readonly FoundFile[]> {
  const absolute = resolve(directory, pattern);
  const segments = absolute.split(sep);
  const wild = segments.findIndex(isWild);
  if (wild === -1) return [await findFile(absolute)];
  const base = segments.slice(0, wild).join(sep) || sep;
  const found: string[] = [];
  await walk(base, segments.slice(wild), found);
  if (found.length === 0) throw await missing(base, basename(absolute), `no file matches ${absolute}`);
  const files = [...new Set(found)].map((path) => ({ path, name: relative(base, path).replaceAll(sep, "/") }));
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const isWild = (segment: string): boolean => /[*?]/.test(segment);

async function findFile(path: string): Promise<FoundFile> {
  const found = await stat(path).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (found instanceof Error) {
    if (found.code === "ENOENT" || found.code === "ENOTDIR") throw await missing(dirname(path), basename(path), `${path} does not exist`);
    throw unreadable(path, found);
  }
  if (found.isDirectory()) throw unreadable(path, { code: "EISDIR" });
  return { path, name: basename(path) };
}

async function walk(folder: string, segments: readonly string[], found: string[]): Promise<void> {
  const [segment, ...rest] = segments;
  if (segment === undefined) return;
  if (segment === "**") {
    await walk(folder, rest.length === 0 ? ["*"] : rest, found);
    for (const entry of await entries(folder)) {
      if (entry.isDirectory() && !entry.name.startsWith(".")) await walk(join(folder, entry.name), segments, found);
    }
    return;
  }
  const matches = matcher(segment);
  for (const entry of await entries(folder)) {
    if (!matches(entry.name)) continue;
    const path = join(folder, entry.name);
    const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
    if (rest.length === 0 ? target?.isFile() : target?.isDirectory())
      await (rest.length === 0 ? found.push(path) : walk(path, rest, found));
  }
}

async function entries(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw unreadable(folder, error);
  }
}

function matcher(segment: string): (name: string) => boolean {
  const source = segment
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  const expression = new RegExp(`^${source}$`, "su");
  return (name) => expression.test(name) && (segment.startsWith(".") || !name.startsWith("."));
}

async function missing(folder: string, name: string, message: string): Promise<AssayError> {
  const siblings = await readdir(folder).catch(() => null);
  if (siblings === null) return new AssayError("SOURCE_MISSING", message, { hint: `the folder ${folder} does not exist` });
  const nearest = nearestName(name, siblings);
  const holds = siblings.length === 0 ? "is empty" : `holds ${siblings.slice(0, 5).join(", ")}${siblings.length > 5 ? ", …" : ""}`;
  const hint = nearest === null ? `the folder ${folder} ${holds}` : `did you mean ${nearest}? It is in the same folder`;
  return new AssayError("SOURCE_MISSING", message, { hint });
}
