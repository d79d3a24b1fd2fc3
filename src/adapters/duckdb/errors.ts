import { AssayError, type ErrorCode, messageOf } from "../../errors.ts";

const restore =
  "restore the file from a copy; or move it (and the .wal file beside it) away and run again: every table is made anew from the sources";

const storage: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /no space left on device|disk quota exceeded|out of disk space|failed to offload/i,
    "DISK_FULL",
    "free some space and run again; what was published before stands",
  ],
  [
    /could not set lock on file|conflicting lock/i,
    "PROJECT_LOCKED",
    "wait until it has finished, then try again; a database file that is being written can be read by no other process",
  ],
  [/corrupt database file/i, "DATABASE_DAMAGED", restore],
  [
    /permission denied|read-only file system|operation not permitted|not a directory|file already exists/i,
    "STORAGE_UNWRITABLE",
    "give this user write permission on it, or choose another path in assay.config.ts",
  ],
];

/** The storage fault behind an engine error, or null when it is none. */
export function storageFault(error: unknown): AssayError | null {
  if (error instanceof AssayError) return error;
  const message = messageOf(error);
  const match = storage.find(([pattern]) => pattern.test(message));
  if (match === undefined) return null;
  return new AssayError(match[1], firstLine(message), { hint: match[2], cause: error });
}

/** The fault behind an error of opening a database file, or null when it is none. */
export function openFault(error: unknown): AssayError | null {
  const known = storageFault(error);
  const damaged =
    /not a valid DuckDB database|could not read (?:enough bytes )?from file|failed to deserialize|failure while replaying WAL/i;
  if (known !== null || !damaged.test(messageOf(error))) return known;
  return new AssayError("DATABASE_DAMAGED", firstLine(messageOf(error)), { hint: restore, cause: error });
}

/** DuckDB's message without its class name and without the query excerpt. */
export function firstLine(message: string): string {
  const text = message.split(/\n\s*\n?(?:LINE \d+:|Candidate)/)[0] ?? message;
  return text.replace(/^(?:[A-Z][A-Za-z]+ )+Error: /, "").trim();
}
