import { sql, sqlFunction, t } from "assay";

/** Letters of any script stay as they are. */
export const cleanText = sqlFunction("clean_text", {
  description: "The text without white space around it; null when nothing is left.",
  params: { text: t.varchar() },
  result: t.varchar(),
  duckdb: sql`nullif(regexp_replace(text, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'), '')`,
  // PostgreSQL's patterns know no classes of Unicode.
  postgres: sql`nullif(btrim(text, E' \t\n\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'), '')`,
});
