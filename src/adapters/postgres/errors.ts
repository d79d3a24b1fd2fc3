import pg from "pg";
import { AssayError, type ErrorCode, messageOf } from "../../errors.ts";

/** The server and the table a message speaks of. Holds no password. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** `schema.table` of the load. */
  readonly table: string;
  /** Name of the staging table, which people should not have to know. */
  readonly staging: string;
  /** Some column is sensitive: no value may appear in a message. */
  readonly masked: boolean;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

const network = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
];
const cutOff = /^Connection terminated|^timeout expired|^Client has encountered a connection error|^Client was closed|socket hang up/;
/** Shutdown, crash, starting up, idle timeouts, too many connections. */
const unavailable = ["57P01", "57P02", "57P03", "57P05", "25P03", "53300"];
const untouched = "the table that readers see was not touched; run again when the server answers";

/** SQLSTATE of the fault below an error of this adapter, or null. */
export function sqlStateOf(error: unknown): string | null {
  const fault = error instanceof AssayError ? error.cause : error;
  return fault instanceof pg.DatabaseError ? (fault.code ?? null) : null;
}

/** Is the connection gone, or did none come about for now? */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return (error.code ?? "").startsWith("08") || unavailable.includes(error.code ?? "");
  return networkCode(error) !== null || cutOff.test(messageOf(error));
}

/** What a fault of node-postgres means for the person; `doing` completes "while …". */
export function sinkFault(error: unknown, place: Place, doing: string): AssayError {
  if (error instanceof AssayError) return error;
  const { code, message, hint } =
    error instanceof pg.DatabaseError ? serverVerdict(error, place, doing) : clientVerdict(error, place, doing);
  return new AssayError(code, message, { hint, cause: error });
}

export function unreachable(place: Place, doing: string, why: string): AssayError {
  return new AssayError("SINK_UNREACHABLE", `${address(place)} ${why} while ${doing}`, { hint: untouched });
}

function address(place: Place): string {
  return `PostgreSQL at ${place.host}:${place.port}`;
}

function clientVerdict(error: unknown, place: Place, doing: string): Verdict {
  const code = networkCode(error);
  const message = messageOf(error);
  const at = address(place);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return {
      code: "SINK_UNREACHABLE",
      message: `${at} cannot be reached: no such host (${code})`,
      hint: "check the host name in the connection address",
    };
  if (message === "timeout expired")
    return {
      code: "SINK_UNREACHABLE",
      message: `${at} cannot be reached: no answer in time`,
      hint: "check host, port and firewall, then run again",
    };
  if (code === "ECONNREFUSED" || code === "ENOENT")
    return {
      code: "SINK_UNREACHABLE",
      message: `${at} cannot be reached: connection refused`,
      hint: "start the server or correct host and port, then run again",
    };
  if (code !== null || cutOff.test(message))
    return { code: "SINK_UNREACHABLE", message: `${at} closed the connection while ${doing} (${code ?? message})`, hint: untouched };
  if (/password must be a|no password|SASL/i.test(message))
    return {
      code: "SINK_DENIED",
      message: `${at} asks user "${place.user}" for a password: ${message}`,
      hint: "write the password into the connection address",
    };
  if (/SSL|certificate|self.signed/i.test(message))
    return {
      code: "SINK_DENIED",
      message: `${at} and the connection address disagree on encryption: ${message}`,
      hint: "correct sslmode in the connection address",
    };
  return { code: "SINK_FAILED", message: `${at} failed while ${doing}: ${message}`, hint: "the table that readers see was not touched" };
}

function serverVerdict(error: pg.DatabaseError, place: Place, doing: string): Verdict {
  const state = error.code ?? "";
  const at = address(place);
  const said = told(error, place);
  if (state === "28P01" || state === "28000")
    return {
      code: "SINK_DENIED",
      message: `${at} refused user "${place.user}": ${said}`,
      hint: "check user and password in the connection address",
    };
  if (state === "3D000")
    return {
      code: "SINK_DENIED",
      message: `${at} has no database "${place.database}"`,
      hint: `create it (CREATE DATABASE) or correct the connection address`,
    };
  if (state === "42501")
    return {
      code: "SINK_DENIED",
      message: `${place.table}: user "${place.user}" may not do this while ${doing}: ${said}`,
      hint: grantHint(place),
    };
  if (state.startsWith("08") || unavailable.includes(state))
    return { code: "SINK_UNREACHABLE", message: `${at} ended the connection while ${doing}: ${said}`, hint: untouched };
  return {
    code: "SINK_FAILED",
    message: `${place.table}: PostgreSQL refused ${doing}: ${said}${position(error)}`,
    hint: failureHint(state),
  };
}

function failureHint(state: string): string {
  if (state === "22021")
    return "a text holds the NUL character, which PostgreSQL cannot store: remove it in the model, e.g. replace(x, chr(0), '')";
  if (state === "53100" || state === "58030") return "the server's disk is full: free some space there and run again";
  if (state === "23505") return "the model's grain does not identify a row: correct it or the SQL";
  if (state === "42P07") return "something else in the schema has this name: rename it or the index";
  if (state === "55P03" || state === "40P01") return "another load or a long query holds the table: run again when it is done";
  return "the table that readers see was not touched";
}

function grantHint(place: Place): string {
  return `the user must own the table and its views, and needs CREATE on schema and database: GRANT CREATE ON DATABASE "${place.database}" TO "${place.user}"`;
}

/** The server's words, without values where a column is sensitive, and without the name of the staging table. */
function told(error: pg.DatabaseError, place: Place): string {
  const detail = error.detail === undefined || place.masked ? "" : ` (${error.detail})`;
  const words = place.masked ? error.message.replace(/: "[\s\S]*"$/, "") : error.message;
  return `${words}${detail}`.replaceAll(place.staging, place.table);
}

/** Column of a value that COPY refused; never the value, which `where` shows too. */
function position(error: pg.DatabaseError): string {
  const match = /^COPY [^,]+, line \d+, column ([^:]+)/.exec(error.where ?? "");
  return match === null ? "" : ` in column ${match[1]}`;
}

/** A host with several addresses fails with one error for each. */
function networkCode(error: unknown): string | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const onFile = code === "ENOENT" && !(error instanceof Error && "syscall" in error && error.syscall === "connect");
  if (network.includes(code) && !onFile) return code;
  if (!(error instanceof AggregateError)) return null;
  return error.errors.map(networkCode).find((found) => found !== null) ?? null;
}
