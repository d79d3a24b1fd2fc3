import { sql, sqlFunction, t } from "assay";

/**
 * The declared order of formats: year-month-day, day-month-year, month-day-year; the first one that gives a day of the calendar counts. 11-07-2023 is
 * therefore the 11th of July, and date_is_ambiguous says so. The year has four digits; parts are joined by -, / or a point.
 */
export const dateFromText = sqlFunction("date_from_text", {
  description: "The day a text says, by the declared order of formats; null for what says none.",
  params: { text: t.varchar() },
  result: t.date(),
  duckdb: sql`
    case
      when regexp_full_match(clean_text(text), '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}|[0-9]{4}[.][0-9]{1,2}[.][0-9]{1,2}')
      then try_strptime(translate(clean_text(text), '/.', '--'), '%Y-%m-%d')::date
      when regexp_full_match(clean_text(text), '[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}')
      then try_strptime(translate(clean_text(text), '/.', '--'), ['%d-%m-%Y', '%m-%d-%Y'])::date
    end`,
});

/** Of 07-07-2023 both readings are the same day. */
export const dateIsAmbiguous = sqlFunction("date_is_ambiguous", {
  description: "Is the text another day when its month is read before its day?",
  params: { text: t.varchar() },
  result: t.boolean(),
  duckdb: sql`
    coalesce(
      date_from_text(text) is not null
        and regexp_full_match(clean_text(text), '[0-9]{1,2}.[0-9]{1,2}.[0-9]{4}')
        and try_strptime(translate(clean_text(text), '/.', '--'), '%m-%d-%Y')::date <> date_from_text(text),
      false
    )`,
});
