import { quoteText } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";

interface Serialized {
  readonly error: boolean;
  readonly error_subtype?: string;
  readonly statements?: readonly unknown[];
}

/**
 * Lets one statement through that only reads: SELECT and what the parser makes one of (FROM, DESCRIBE, SHOW, SUMMARIZE …), or EXPLAIN of it.
 * A read-only database alone does not refuse `copy … to`, `attach` and `set`. SQL that does not parse is left to the engine, which says
 * where. Throws QUERY_FAILED.
 */
export async function requireSelect(session: Session, sql: string): Promise<void> {
  const text = sql.replace(/^\s*explain\s+(?:analyze\s+)?/i, "");
  const [row] = await session.query({ text: `select json_serialize_sql(${quoteText(text)}) as tree` });
  const { error, error_subtype, statements = [] } = JSON.parse(String(row?.tree)) as Serialized;
  if (error_subtype === "SYNTAX_ERROR") return;
  if (error) {
    throw new AssayError("QUERY_FAILED", "assay query only reads; this is no SELECT", {
      hint: "tables are changed by their sources and models: correct those, then assay run",
    });
  }
  if (statements.length === 1) return;
  throw new AssayError("QUERY_FAILED", statements.length === 0 ? "there is no statement" : `there are ${statements.length} statements`, {
    hint: 'give one SELECT, e.g. assay query "select * from gold.sales limit 10"',
  });
}
