import pg from "pg";
import { quoteIdentifier } from "../../define/quote.ts";
import { AssayError, type ErrorCode, messageOf } from "../../errors.ts";
import { isUnreachable } from "./errors.ts";

/** The server a message speaks of. Holds no password. */
export interface Server {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

const nothingDone = "what was published before stands; run again when the server answers";
const tooMany = "end other connections, or raise max_connections or the limit of the role or database; what was published before stands";
const ofExtension = "if it belongs to an extension: CREATE EXTENSION in this database, and write its schema before the name";

export const serverAt = ({ host, port }: Pick<Server, "host" | "port">): string => `PostgreSQL at ${host}:${port}`;

/** SQLSTATE → what it means for a person. */
const verdicts: Readonly<Record<string, readonly [code: ErrorCode, hint: string]>> = {
  "28P01": ["ENGINE_DENIED", "check user and password in the connection address"],
  "28000": ["ENGINE_DENIED", "check user and password in the connection address"],
  "3D000": ["ENGINE_DENIED", "create the database (CREATE DATABASE) or correct the connection address"],
  "53400": [
    "DISK_FULL",
    "a limit of the server or the role is reached: raise it (alter role … set temp_file_limit), or let the step need less",
  ],
  "53100": ["DISK_FULL", "free some space on the server and run again; what was published before stands"],
  "58030": ["DISK_FULL", "free some space on the server and run again; what was published before stands"],
  "40001": ["ENGINE_BUSY", "another transaction changed the same rows: run again"],
  "40P01": ["ENGINE_BUSY", "two transactions waited for each other: run again"],
  "55P03": ["ENGINE_BUSY", "another transaction holds the table: end it, or run again later"],
  "23502": [
    "CHECK_FAILED",
    "the contract says the column is never null: correct the data or the contract; what was published before stands",
  ],
  "23505": ["CHECK_FAILED", "the grain does not identify a row: correct it or the SQL; what was published before stands"],
  "23503": [
    "DEPENDENT_OBJECTS",
    "a foreign key that Assay did not make refers to the rows: drop it, or let it refer to a table of its own; what was published before stands",
  ],
  "57014": ["BUILD_FAILED", "somebody ended the statement on the server: run again; what was published before stands"],
  "2BP01": [
    "DEPENDENT_OBJECTS",
    "something that Assay did not make stands on the table: drop it, or let it read a table of its own; what was published before stands",
  ],
};

/** What to do about policies that hold for the platform's role. */
export const seeAllRows = (table: string, user: string): string =>
  `tables are read and checked whole: alter table ${table} no force row level security, or let a superuser alter role ${quoteIdentifier(user)} bypassrls`;

/** What is missing, by the server's words: it names the thing, and by its kind the right is known. */
function denied(message: string, user: string): readonly [code: ErrorCode, hint: string] {
  const to = quoteIdentifier(user);
  const [, kind = "", name = ""] = /^permission denied for (schema|database|table|view|function) (.+)$/.exec(message) ?? [];
  const [, owned = "", thing = ""] = /^must be owner of (\w+) (.+)$/.exec(message) ?? [];
  const rights: Readonly<Record<string, string>> = {
    schema: `grant usage, create on schema ${quoteIdentifier(name)} to ${to}`,
    database: `grant connect, create, temporary on database ${quoteIdentifier(name)} to ${to}`,
    table: `table ${name} belongs to another role: let ${to} own it, or drop it`,
    view: `view ${name} belongs to another role: let ${to} own it, or drop it`,
  };
  const hint = owned === "" ? rights[kind] : `${owned} ${thing} belongs to another role: let ${to} own it, or drop it`;
  const [, hidden] = /^query would be affected by row-level security policy for table "(.+)"$/.exec(message) ?? [];
  if (hidden !== undefined) return ["ENGINE_DENIED", seeAllRows(hidden, user)];
  const temporary = /temporary tables in database/.test(message) ? `grant temporary on the database to ${to}` : undefined;
  return ["ENGINE_DENIED", `${hint ?? temporary ?? "a right is missing"}; assay grants prints all that the user needs`];
}

/** A fault of node-postgres: as an AssayError where a person has to do something about the server, else in the server's words. */
export function engineFault(error: unknown, { host, port, user, database }: Server): Error {
  if (error instanceof AssayError) return error;
  const at = serverAt({ host, port });
  const state = error instanceof pg.DatabaseError ? (error.code ?? "") : "";
  if (isUnreachable(error))
    return new AssayError("ENGINE_UNREACHABLE", `${at} cannot be reached, or closed the connection: ${messageOf(error)}`, {
      hint: state === "53300" ? tooMany : nothingDone,
      cause: error,
    });
  if (state === "55000" && messageOf(error).includes("does not have a replica identity"))
    return new AssayError("DEPENDENT_OBJECTS", `${at}: ${messageOf(error)}`, {
      hint: "a publication that Assay did not make sends the table's rows: alter table … replica identity full, or take the table out of it",
      cause: error,
    });
  const verdict = state === "42501" ? denied(messageOf(error), user) : verdicts[state];
  if (verdict !== undefined) {
    const who = verdict[0] === "ENGINE_DENIED" ? ` (user "${user}", database "${database}")` : "";
    // The details name what is in the way; of other faults they may hold values.
    const details = state === "2BP01" && error instanceof pg.DatabaseError ? (error.detail ?? "") : "";
    const said = details === "" ? messageOf(error) : `${messageOf(error)}: ${details.replaceAll("\n", ", ")}`;
    return new AssayError(verdict[0], `${at}: ${said}${who}`, { hint: verdict[1], cause: error });
  }
  // Functions, operators and types; the search path is empty, so that no name can be caught.
  if (state === "42883" || state === "42704") return new Error(`${messageOf(error)} (${ofExtension})`, { cause: error });
  return error instanceof Error ? error : new Error(messageOf(error));
}
