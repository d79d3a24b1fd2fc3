import { sql, sqlFunction, t } from "assay";

export const datePartOf = sqlFunction("date_part_of", {
  description: "The first, second or third number of a day in digits.",
  params: { text: t.varchar(), part: t.integer() },
  result: t.varchar(),
  duckdb: sql`
    case part
      when 1 then split_part(translate(clean_text(text), '/.', '--'), '-', 1)
      when 2 then split_part(translate(clean_text(text), '/.', '--'), '-', 2)
      else split_part(translate(clean_text(text), '/.', '--'), '-', 3)
    end`,
});

export const calendarDay = sqlFunction("calendar_day", {
  description: "The day of the calendar; null when it has none.",
  params: { year: t.varchar(), month: t.varchar(), day: t.varchar() },
  result: t.date(),
  duckdb: sql`try_cast(year || '-' || month || '-' || day as date)`,
});

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
      then try_cast(translate(clean_text(text), '/.', '--') as date)
      when regexp_full_match(clean_text(text), '[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}|[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}')
      then coalesce(
        calendar_day(date_part_of(text, 3), date_part_of(text, 2), date_part_of(text, 1)),
        calendar_day(date_part_of(text, 3), date_part_of(text, 1), date_part_of(text, 2))
      )
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
        and calendar_day(date_part_of(text, 3), date_part_of(text, 1), date_part_of(text, 2)) <> date_from_text(text),
      false
    )`,
});
