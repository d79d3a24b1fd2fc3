import { sql, sqlFunction, t } from "assay";

/** Money as people write it. Nothing is rounded: 1.005 is null, and so is 1e3. */
export const numberFromText = sqlFunction("number_from_text", {
  description: "The number a text says, in digits (at most two after the point) or in English words; null for what says none.",
  params: { text: t.varchar() },
  result: t.decimal(14, 2),
  duckdb: sql`
    case
      when regexp_full_match(clean_text(text), '[+-]?[0-9]{1,12}(?:[.][0-9]{1,2}0*)?') then try_cast(clean_text(text) as decimal(14, 2))
      else number_from_words(text)
    end`,
});
