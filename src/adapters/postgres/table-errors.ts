import pg from "pg";
import { quoteIdentifier } from "../../define/quote.ts";
import { AssayError, type ErrorCode, messageOf } from "../../errors.ts";
import type { Target } from "./connection.ts";
import { isUnreachable } from "./errors.ts";
import { tableGrants } from "./grants.ts";

type Verdict = readonly [code: ErrorCode, hint: string];

const addressHint =
  "check user, password and database in the connection address; assay grants --sources prints the rights that reading needs";
const again = "what was read before stands; run again when the server answers";

/** SQLSTATE → what it means for who reads a source table. */
const verdicts: Readonly<Record<string, Verdict>> = {
  "28P01": ["SOURCE_DENIED", addressHint],
  "28000": ["SOURCE_DENIED", addressHint],
  "3D000": ["SOURCE_DENIED", addressHint],
  "40001": ["SOURCE_BUSY", "what was read before stands; run again"],
  "40P01": ["SOURCE_BUSY", "what was read before stands; run again"],
  "55P03": ["SOURCE_BUSY", "another transaction holds a lock on the table: end it, or run again later"],
  "57014": ["SOURCE_BUSY", "somebody canceled the query, or it took longer than the server allows its user: run again"],
  "25006": [
    "SOURCE_UNREADABLE",
    "reading it would change something there: read the tables below the view, or let it call no such function",
  ],
  "42883": ["SOURCE_UNREADABLE", "a key column has to be of a type with an order"],
};

/** What a fault of node-postgres means while `table` is read. No message shows the password. */
export function tableFault(error: unknown, target: Target, table: string): unknown {
  if (error instanceof AssayError) return error;
  const at = `PostgreSQL at ${target.host}:${target.port}`;
  const said = messageOf(error);
  const fault = (code: ErrorCode, message: string, hint: string): AssayError => new AssayError(code, message, { hint, cause: error });
  if (isUnreachable(error))
    return fault("SOURCE_UNREACHABLE", `${table}: ${at} cannot be reached, or closed the connection: ${said || "no answer"}`, again);
  const who = `user "${target.user}", database "${target.database}"`;
  if (/password must be a|no password|SASL/i.test(said) && !(error instanceof pg.DatabaseError))
    return fault("SOURCE_DENIED", `${table}: ${at} asks for a password: ${said} (${who})`, addressHint);
  if (/SSL|certificate|self.signed/i.test(said) && !(error instanceof pg.DatabaseError))
    return fault("SOURCE_DENIED", `${table}: ${at}: ${said} (${who})`, "correct sslmode in the connection address");
  if (!(error instanceof pg.DatabaseError)) return error;
  const state = error.code ?? "";
  if (state === "42501") {
    const grants = tableGrants({ database: target.database, role: target.user, table });
    return fault("SOURCE_DENIED", `${table}: ${at}: ${said} (${who})`, grants.join("; "));
  }
  const [code, hint] = verdicts[state] ?? [
    "SOURCE_UNREADABLE",
    `ask who owns ${quoteIdentifier(target.database)}; what was read before stands`,
  ];
  return fault(code, `${table}: ${at}: ${said}${code === "SOURCE_DENIED" ? ` (${who})` : ""}`, hint);
}
