import { sql, sqlFunction, t } from "assay";

/** Letters of any script stay as they are. */
export const cleanText = sqlFunction("clean_text", {
  description: "The text without white space around it; null when nothing is left.",
  params: { text: t.varchar() },
  result: t.varchar(),
  duckdb: sql`nullif(regexp_replace(text, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'), '')`,
});
