import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { FileSource } from "../../define/source.ts";
import type { KnownFile, SourceFile } from "../../ports/source.ts";
import { storedBytes, unreadable } from "./file-bytes.ts";
import { type FoundFile, findFiles } from "./find-files.ts";
import { recordScanner } from "./record-scanner.ts";
import { isPlain, recordFormat } from "./text-scan.ts";

/** A file written this shortly before its stamp was taken may have been written again within the clock's resolution. */
const racyMilliseconds = 2000;

/** Files that match now, each hashed unless its stamp says that it was not touched. Throws SOURCE_MISSING, SOURCE_UNREADABLE. */
export async function listFiles(
  source: FileSource,
  directory: string,
  known: ReadonlyMap<string, KnownFile>,
): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const found of await findFiles(directory, source.path)) files.push(await describeFile(source, found, known.get(found.name)));
  return files;
}

async function describeFile(source: FileSource, found: FoundFile, known: KnownFile | undefined): Promise<SourceFile> {
  const status = await stat(found.path, { bigint: true }).catch((error: unknown) => {
    throw unreadable(found.path, error);
  });
  const stamp = `${status.size}:${status.mtimeNs}:${status.ctimeNs}:${status.ino}`;
  const file = { ...found, bytes: Number(status.size), stamp };
  const touched = Math.max(Number(status.mtimeMs), Number(status.ctimeMs));
  if (known !== undefined && known.stamp === stamp && touched < known.stampedAt - racyMilliseconds)
    return { ...file, sha256: known.sha256 };
  return { ...file, ...(await hashAndCount(source, found.path)) };
}

/** Counts in the same pass where the bytes can be counted as they are stored; whatever needs a closer look is left to `open`. */
async function hashAndCount(source: FileSource, path: string): Promise<{ readonly sha256: string; readonly records?: number }> {
  const hash = createHash("sha256");
  const format = path.endsWith(".gz") ? null : recordFormat(source);
  const scanner = format === null ? null : recordScanner(format);
  for await (const chunk of storedBytes(path)) {
    hash.update(chunk);
    scanner?.push(chunk);
  }
  const sha256 = hash.digest("hex");
  const scan = scanner?.end();
  if (scan === undefined || !isPlain(scan)) return { sha256 };
  return { sha256, records: scan.lines - (source.kind === "csv" ? 1 : 0) };
}
