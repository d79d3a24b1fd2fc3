import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { AssayError, messageOf } from "../../errors.ts";

const chunkBytes = 1 << 20;

/** A file's bytes as they are stored. A chunk is valid until the next one is asked for. Throws SOURCE_MISSING, SOURCE_UNREADABLE. */
export async function* storedBytes(path: string): AsyncGenerator<Buffer> {
  try {
    await using handle = await open(path);
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** A text file's bytes, `.gz` unpacked. A chunk is valid until the next one is asked for. Throws SOURCE_MISSING, SOURCE_UNREADABLE. */
export async function* textBytes(path: string): AsyncGenerator<Buffer> {
  if (!path.endsWith(".gz")) {
    yield* storedBytes(path);
    return;
  }
  const unpacked = createGunzip({ chunkSize: chunkBytes });
  // The loop below sees every error; the callback only keeps it from being raised a second time.
  pipeline(createReadStream(path, { highWaterMark: chunkBytes }), unpacked, () => {});
  try {
    for await (const chunk of unpacked) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The stretches of a text file's bytes from `start` to `end`, ascending and not overlapping, as UTF-8 text (bad bytes become U+FFFD). */
export async function readRanges(
  path: string,
  ranges: readonly { readonly start: number; readonly end: number }[],
): Promise<readonly string[]> {
  const texts: string[] = [];
  let parts: Buffer[] = [];
  let base = 0;
  for await (const chunk of textBytes(path)) {
    for (let range = ranges[texts.length]; range !== undefined && range.start < base + chunk.length; range = ranges[texts.length]) {
      parts.push(Buffer.from(chunk.subarray(Math.max(0, range.start - base), range.end - base)));
      if (range.end > base + chunk.length) break;
      texts.push(Buffer.concat(parts).toString("utf8"));
      parts = [];
    }
    if (texts.length === ranges.length) break;
    base += chunk.length;
  }
  return texts;
}

/** Turns what reading a file threw into an error for people. */
export function unreadable(path: string, error: unknown): unknown {
  if (error instanceof AssayError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (code === "ENOENT") return new AssayError("SOURCE_MISSING", `${path} does not exist`, { cause: error });
  if (code === "EACCES" || code === "EPERM") {
    const hint = "give the user that runs Assay permission to read it";
    return new AssayError("SOURCE_UNREADABLE", `${path} cannot be read: permission denied`, { hint, cause: error });
  }
  if (code === "EISDIR") {
    return new AssayError("SOURCE_UNREADABLE", `${path} is a folder, not a file`, {
      hint: `read its files with a pattern: ${path}/*`,
      cause: error,
    });
  }
  if (code.startsWith("Z_")) {
    const hint = "write the file again; if it is not compressed, take .gz off its name";
    return new AssayError("SOURCE_UNREADABLE", `${path} is not a complete gzip file: ${messageOf(error)}`, { hint, cause: error });
  }
  return code === "" ? error : new AssayError("SOURCE_UNREADABLE", `${path} cannot be read: ${messageOf(error)}`, { cause: error });
}
