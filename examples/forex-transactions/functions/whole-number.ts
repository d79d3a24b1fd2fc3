import { sql, sqlFunction, t } from "assay";

/** The file writes 3 as 3.0. */
export const wholeNumber = sqlFunction("whole_number", {
  description: "The whole number a text says in digits or words; null for what says none, 2.5 among it.",
  params: { text: t.varchar() },
  result: t.integer(),
  duckdb: sql`
    case
      when number_from_text(text) = floor(number_from_text(text)) and abs(number_from_text(text)) <= 999999999
      then number_from_text(text)::integer
    end`,
});
