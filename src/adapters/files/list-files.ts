import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { FileSource } from "../../define/source.ts";
import type { KnownFile, SourceFile } from "../../ports/source.ts";
import { storedBytes, unreadable } from "./file-bytes.ts";
import { type FoundFile, findFiles } from "./find-files.ts";

/** A file written this shortly before its stamp was taken may have been written again within the clock's resolution. */
const racyMilliseconds = 2000;

/** Files that match now, each hashed unless its stamp says that it was not touched. Throws SOURCE_MISSING, SOURCE_UNREADABLE. */
export async function listFiles(
  source: FileSource,
  directory: string,
  known: ReadonlyMap<string, KnownFile>,
  clock: () => number,
): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const found of await findFiles(directory, source.path)) files.push(await describeFile(found, known.get(found.name), clock()));
  return files;
}

async function describeFile(found: FoundFile, known: KnownFile | undefined, now: number): Promise<SourceFile> {
  const status = await stat(found.path, { bigint: true }).catch((error: unknown) => {
    throw unreadable(found.path, error);
  });
  const stamp = `${status.size}:${status.mtimeNs}:${status.ctimeNs}:${status.ino}`;
  const file = { ...found, bytes: Number(status.size), stamp, stampedAt: now };
  const touched = Math.max(Number(status.mtimeMs), Number(status.ctimeMs));
  if (known !== undefined && known.stamp === stamp && touched < known.stampedAt - racyMilliseconds)
    return { ...file, stampedAt: known.stampedAt, sha256: known.sha256 };
  return { ...file, sha256: await hashOf(found.path) };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of storedBytes(path)) hash.update(chunk);
  return hash.digest("hex");
}
