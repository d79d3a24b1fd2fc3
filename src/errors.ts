import type { ErrorReport, Location } from "./terms.ts";

/**
 * Every error Assay raises on purpose: `exit` is the CLI's exit code (1 the run or a check failed, 2 wrong use or config),
 * `retryable` says whether the same call may succeed later. `docs/reference/errors.md` lists the same codes; a test compares the two.
 */
export const errorCodes = {
  USAGE: { exit: 2, retryable: false, meaning: "The command line is not understood." },
  PROJECT_NOT_FOUND: { exit: 2, retryable: false, meaning: "The folder holds no assay.config.ts." },
  PROJECT_INVALID: { exit: 2, retryable: false, meaning: "A definition file cannot be loaded or holds a wrong value." },
  SETTING_MISSING: { exit: 2, retryable: false, meaning: "An environment variable the project needs is not set." },
  SETTING_INVALID: { exit: 2, retryable: false, meaning: "A setting has a value that cannot be used." },
  ENVIRONMENT_UNKNOWN: { exit: 2, retryable: false, meaning: "--env names no environment of the project." },
  ENVIRONMENT_IN_USE: { exit: 1, retryable: false, meaning: "Something that Assay did not make stands on an environment's tables." },
  PIPELINE_UNKNOWN: { exit: 2, retryable: false, meaning: "The pipeline is not declared, or several are and none was named." },
  PARAM_INVALID: { exit: 2, retryable: false, meaning: "A --param is unknown or its value does not fit the pipeline's params." },
  UPSTREAM_MISSING: { exit: 2, retryable: false, meaning: "A selected table reads one that was never built and is not selected." },
  SELECTION_EMPTY: { exit: 2, retryable: false, meaning: "A selector matches no table." },
  NAME_INVALID: { exit: 2, retryable: false, meaning: "A table, column or check name cannot be used." },
  NAME_DUPLICATE: { exit: 2, retryable: false, meaning: "Two definitions share one name." },
  SQL_SYNTAX: { exit: 2, retryable: false, meaning: "A model's SQL does not parse." },
  SQL_INVALID: { exit: 2, retryable: false, meaning: "A model's SQL parses but does not bind." },
  FUNCTION_INVALID: {
    exit: 2,
    retryable: false,
    meaning: "A project function is not one expression of its parameters and its result's type.",
  },
  FUNCTION_UNKNOWN: { exit: 2, retryable: false, meaning: "SQL calls a function that neither the engine nor the project has." },
  SQL_NOT_PORTABLE: { exit: 2, retryable: false, meaning: "SQL of the project holds what the environment's engine does not have." },
  TABLE_UNKNOWN: { exit: 2, retryable: false, meaning: "A model reads a table the project does not declare." },
  COLUMN_UNKNOWN: { exit: 2, retryable: false, meaning: "SQL or a definition names a column that does not exist." },
  CYCLE: { exit: 2, retryable: false, meaning: "Models depend on each other in a circle." },
  GRAIN_MISSING: { exit: 2, retryable: false, meaning: "A model declares no grain." },
  CONTRACT_MISMATCH: { exit: 2, retryable: false, meaning: "A model's SQL and its contract disagree on columns or types." },
  NULLABILITY_MISMATCH: { exit: 2, retryable: false, meaning: "A column declared not null can be null by the shape of the SQL." },
  INCREMENTAL_INVALID: { exit: 2, retryable: false, meaning: "A model cannot be incremental in the way it is declared." },
  POINT_IN_TIME_JOIN: { exit: 2, retryable: false, meaning: "A model joins a history without saying which of its versions counts." },
  FAN_TRAP: { exit: 2, retryable: false, meaning: "A join repeats rows whose measure the model adds up, averages or counts." },
  FAN_OUT_UNUSED: { exit: 2, retryable: false, meaning: "A fanOut reason names a table that repeats no measure of the model." },
  CHECK_INVALID: { exit: 2, retryable: false, meaning: "A check cannot be evaluated on its table." },
  TEST_INVALID: { exit: 2, retryable: false, meaning: "A test gives or expects what does not fit the project." },
  PROJECT_LOCKED: { exit: 1, retryable: true, meaning: "Another process owns the project's database." },
  DATABASE_DAMAGED: { exit: 1, retryable: false, meaning: "The database file is damaged or is no database." },
  STORAGE_UNWRITABLE: { exit: 1, retryable: false, meaning: "A folder or file of the project cannot be written." },
  DISK_FULL: { exit: 1, retryable: true, meaning: "The disk ran out of space." },
  ENGINE_UNREACHABLE: { exit: 1, retryable: true, meaning: "The engine's server cannot be reached or closed the connection." },
  COMMIT_UNKNOWN: {
    exit: 1,
    retryable: false,
    meaning: "The connection was lost during a commit, and what became of it could not be asked.",
  },
  ENGINE_DENIED: { exit: 1, retryable: false, meaning: "The engine's server refused the user, password or permission." },
  ENGINE_UNSUPPORTED: { exit: 1, retryable: false, meaning: "The engine's server is too old, or its database cannot hold every text." },
  ENGINE_BUSY: { exit: 1, retryable: true, meaning: "Another transaction holds what a step needs, or changed it first." },
  DEPENDENT_OBJECTS: { exit: 1, retryable: false, meaning: "Something that others made stands on a table, and cannot be kept." },
  SOURCE_MISSING: { exit: 1, retryable: true, meaning: "A source file does not exist or a pattern matches none." },
  SOURCE_UNREADABLE: { exit: 1, retryable: false, meaning: "A source file cannot be read in its declared format." },
  SOURCE_HEADER: { exit: 1, retryable: false, meaning: "A source file's header does not fit the contract." },
  SOURCE_UNREACHABLE: { exit: 1, retryable: true, meaning: "The server of a source table cannot be reached or closed the connection." },
  SOURCE_DENIED: { exit: 1, retryable: false, meaning: "The server of a source table refused the user, password or permission." },
  SOURCE_BUSY: { exit: 1, retryable: true, meaning: "A lock or a recovery conflict on its server keeps a source table from being read." },
  TOO_MANY_REJECTED: { exit: 1, retryable: false, meaning: "More rows were refused than maxRejected allows." },
  LEDGER_UNBALANCED: { exit: 1, retryable: false, meaning: "Rows in are not rows out plus quarantined plus removed." },
  STEP_TIMEOUT: { exit: 1, retryable: true, meaning: "A step took longer than its timeout allows." },
  RUN_CANCELLED: { exit: 1, retryable: false, meaning: "The run was cancelled before a step finished." },
  WORKER_LOST: { exit: 1, retryable: true, meaning: "Several workers one after the other were gone while they had a step." },
  RUN_SUPERSEDED: { exit: 1, retryable: false, meaning: "A run lost the connection that held its environment, and another run has begun." },
  LEASE_LOST: { exit: 1, retryable: false, meaning: "A worker gave no sign of life for too long, and its step was given to another." },
  CHECK_FAILED: { exit: 1, retryable: false, meaning: "A check of severity error failed; the old table stands." },
  DESTRUCTIVE_CHANGE: {
    exit: 1,
    retryable: false,
    meaning: "A definition would drop or narrow a column of rows that cannot be made again.",
  },
  BUILD_FAILED: { exit: 1, retryable: false, meaning: "The engine refused or could not finish a model's SQL." },
  SINK_UNREACHABLE: { exit: 1, retryable: true, meaning: "The sink's server cannot be reached or closed the connection." },
  SINK_DENIED: { exit: 1, retryable: false, meaning: "The sink's server refused the user, password or permission." },
  SINK_BUSY: { exit: 1, retryable: true, meaning: "Another load or a long reader holds the sink's table." },
  SINK_DESTRUCTIVE_CHANGE: { exit: 1, retryable: false, meaning: "A load would drop or narrow a column of the sink's table." },
  SINK_MISMATCH: { exit: 1, retryable: true, meaning: "What the sink read back differs from what was sent." },
  SINK_FAILED: { exit: 1, retryable: false, meaning: "The sink's server refused a statement or a row." },
  QUERY_FAILED: { exit: 1, retryable: false, meaning: "The SQL given to `assay query` failed." },
  QUARANTINE_UNMATCHED: { exit: 2, retryable: false, meaning: "No row in quarantine is what a command asks for." },
  ALREADY_REPLAYED: { exit: 2, retryable: false, meaning: "A row to replay was replayed before." },
  EDITED_ROWS_INVALID: { exit: 2, retryable: false, meaning: "A CSV of edited rows cannot be replayed." },
  RUN_UNKNOWN: { exit: 2, retryable: false, meaning: "No run has this id." },
  NOT_COMPARABLE: { exit: 2, retryable: false, meaning: "None of the selected tables can be compared." },
  NOTHING_BUILT: { exit: 1, retryable: false, meaning: "The environment holds no tables yet." },
  INTERNAL: { exit: 1, retryable: false, meaning: "A fault of Assay itself." },
} as const;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorDetails {
  /** What the person can do about it. */
  readonly hint?: string;
  readonly location?: Location | undefined;
  readonly cause?: unknown;
  /** Further errors of the same kind found in one pass, e.g. every contract mismatch of a project. */
  readonly others?: readonly AssayError[];
}

/** An error with a code of {@link errorCodes}; its message says what and where, its hint what to do. */
export class AssayError extends Error {
  override readonly name = "AssayError";
  readonly code: ErrorCode;
  readonly hint: string | null;
  readonly location: Location | null;
  readonly others: readonly AssayError[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint ?? null;
    this.location = details.location ?? null;
    this.others = details.others ?? [];
  }

  get exitCode(): 1 | 2 {
    return errorCodes[this.code].exit;
  }

  get retryable(): boolean {
    return errorCodes[this.code].retryable;
  }

  report(): ErrorReport {
    return { code: this.code, message: this.message, hint: this.hint, location: this.location };
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Raises the first of several errors, carrying the rest, so that one pass reports them all. */
export function throwAll(errors: readonly AssayError[]): void {
  const [first, ...others] = errors;
  if (first === undefined) return;
  throw new AssayError(first.code, first.message, {
    ...(first.hint === null ? {} : { hint: first.hint }),
    location: first.location ?? undefined,
    cause: first.cause,
    others,
  });
}
