import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { AssayError, messageOf } from "../errors.ts";

/** A file a generator made. `rows` does not count the header. */
export interface GeneratedFile {
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
}

/** A CSV file being written, under a temporary name until `publish`. */
export interface CsvWriter {
  /** Adds one record (fields joined, no line end); kept in memory until `flush`. */
  write(record: string): void;
  flush(): Promise<void>;
  /** Flushes and closes; the file is whole, but still has its temporary name. */
  close(): Promise<void>;
  /** Gives the closed file its name; an older file of that name is replaced. */
  publish(): Promise<GeneratedFile>;
  /** Closes and removes the temporary file. */
  discard(): Promise<void>;
}

export interface CsvFile {
  readonly file: string;
  readonly columns: readonly string[];
  readonly byteOrderMark: boolean;
}

/** Makes the folder where it is missing. Throws STORAGE_UNWRITABLE, DISK_FULL. */
export async function createFolder(folder: string): Promise<void> {
  await naming(folder, () => mkdir(folder, { recursive: true }));
}

/** Starts a CSV file with its quoted header. All of the writer's methods throw STORAGE_UNWRITABLE and DISK_FULL with the file's path. */
export async function createCsv(folder: string, { file, columns, byteOrderMark }: CsvFile): Promise<CsvWriter> {
  const path = join(folder, file);
  const partial = `${path}.partial`;
  const handle = await naming(path, () => open(partial, "w"));
  let text = `${byteOrderMark ? "\uFEFF" : ""}${columns.map((column) => `"${column}"`).join(",")}\n`;
  let rows = 0;
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const chunk = Buffer.from(text, "utf8");
    text = "";
    bytes += chunk.length;
    await naming(path, () => handle.appendFile(chunk));
  };
  return {
    write: (record) => {
      text += `${record}\n`;
      rows += 1;
    },
    flush,
    close: async () => {
      await flush();
      await naming(path, () => handle.close());
    },
    publish: async () => {
      await naming(path, () => rename(partial, path));
      return { file, rows, bytes };
    },
    discard: () => discard(handle, partial),
  };
}

/** A text field: quoted where it must be and, as in the Olist files, where it starts with a digit; null is an empty field. */
export function csvText(value: string | null): string {
  if (value === null || value === "") return "";
  return /^[0-9]|[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** Cents as `12.34`. */
export function csvMoney(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

/** Seconds since 1970 (UTC) as `2017-10-02 10:56:33`; null is an empty field. */
export function csvTimestamp(seconds: number | null): string {
  if (seconds === null) return "";
  const iso = new Date(seconds * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}`;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  EEXIST: "a file of that name is in the way",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "a folder of that name is in the way",
  ENAMETOOLONG: "the name is too long",
};

/** The error of a failed write to `path`, in words a person can act on. */
export function storageError(error: unknown, path: string): AssayError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new AssayError("DISK_FULL", `${path} cannot be written: the disk is full.`, {
      hint: "Free space, choose another folder with --out, or generate fewer orders with --orders.",
      cause: error,
    });
  }
  return new AssayError("STORAGE_UNWRITABLE", `${path} cannot be written: ${reasons[code] ?? messageOf(error)}.`, {
    hint: "Choose a folder you may write to with --out.",
    cause: error,
  });
}

async function naming<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Runs after a failure that is reported, or a publication that left nothing to do; what fails here adds nothing to it. */
async function discard(handle: FileHandle, partial: string): Promise<void> {
  await Promise.allSettled([handle.close()]);
  await Promise.allSettled([rm(partial, { force: true })]);
}
