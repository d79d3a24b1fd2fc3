import { AssayError, messageOf } from "../../errors.ts";
import type { ResultTable, Session } from "../../ports/engine.ts";

/**
 * The rows of one query, in a transaction that can change nothing. A cursor takes SELECT, VALUES and WITH only; the server itself refuses a
 * text of several statements. Throws QUERY_FAILED.
 */
export async function readQuery(session: Session, text: string): Promise<ResultTable> {
  // Who asks sees what their role may see.
  await session.execute({ text: "begin isolation level repeatable read read only; set local row_security = on" });
  try {
    if (/^\s*explain\b/i.test(text)) return await session.result({ text });
    await session.result({ text: `declare assay_query no scroll cursor for ${text}` });
    return await session.result({ text: "fetch all from assay_query" });
  } catch (error) {
    if (error instanceof AssayError) throw error;
    const message = messageOf(error);
    throw new AssayError("QUERY_FAILED", message, { hint: hintFor(session, message), cause: error });
  } finally {
    await session.execute({ text: "rollback" }).catch(() => undefined);
  }
}

function hintFor(session: Session, message: string): string {
  const example = `${session.sql.schema("gold")}.sales`;
  if (/^relation .* does not exist|^missing FROM-clause/.test(message))
    return `tables are named with their schema, e.g. ${example}; assay plan names them all`;
  if (/multiple commands|syntax error|DECLARE CURSOR|read-only transaction/.test(message))
    return `assay query takes one SELECT in PostgreSQL's SQL, e.g. assay query "select count(*) from ${example}"`;
  return "the query is written in PostgreSQL's SQL";
}
