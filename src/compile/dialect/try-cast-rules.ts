import { type Argument, familyOfArgument, type Outcome, refused } from "./rule.ts";
import { familyOf, postgresTypeName, scaleOf } from "./sql-types.ts";

const blank = String.raw`[ \t\n\v\f\r]*`;
const digits = "[0-9]+(_[0-9]+)*";
const number = String.raw`^${blank}[+-]?(${digits}\.?(${digits})?|\.${digits})([eE][+-]?[0-9]{1,3})?${blank}$`;
/** The number in a text that is one. */
const value = "cast(replace($1, '_', '') as numeric)";

const limits: Readonly<Record<string, readonly [string, string]>> = {
  SMALLINT: ["-32768", "32767"],
  INTEGER: ["-2147483648", "2147483647"],
  BIGINT: ["-9223372036854775808", "9223372036854775807"],
};

/** What is too large for a double is infinite, what is too small is 0. */
const asDouble = `case when ${value} > 1.7976931348623157e308 then 'Infinity'::double precision
  when ${value} < -1.7976931348623157e308 then '-Infinity'::double precision
  when abs(${value}) < 1e-307 then 0::double precision else cast(${value} as double precision) end`;

const separator = String.raw`[-/ \\]`;
const isoDay = String.raw`${blank}[0-9]{1,4}(${separator})[0-9]{1,2}\1[0-9]{1,2}`;
const zone = "(Z| UTC|[+-][0-9]{2}(:?[0-9]{2})?)?";
const isoTime = String.raw`((([01]?[0-9]|2[0-3]):[0-5]?[0-9])(:[0-5]?[0-9](\.[0-9]*)?${zone})?|24:00(:00(\.0*)?)?)`;

const found = (pattern: string): string => `cast(substring($1 from '${pattern}') as integer)`;
const year = found(`^${blank}([0-9]{1,4})`);
const month = found(`^${blank}[0-9]{1,4}${separator}([0-9]{1,2})`);
const dayOfMonth = found(`^${blank}[0-9]{1,4}${separator}[0-9]{1,2}${separator}([0-9]{1,2})`);
const lastDay = `extract(day from make_date(${year}, ${month}, 1) + interval '1 month' - interval '1 day')`;
const date = `make_date(${year}, ${month}, ${dayOfMonth})`;

const hours = `coalesce(${found("[ T] *([0-9]{1,2}):")}, 0) * interval '1 hour'`;
const minutes = `coalesce(${found(":([0-9]{1,2})")}, 0) * interval '1 minute'`;
const secondsText = String.raw`substring($1 from ':[0-9]{1,2}:([0-9]{1,2}\.?[0-9]{0,6})')`;
const seconds = `coalesce(cast(${secondsText} as double precision), 0) * interval '1 second'`;

/** The day in an ISO text, or null where the calendar has none. */
const existingDay = (then: string): string =>
  `case when ${year} >= 1 and ${month} between 1 and 12 then case when ${dayOfMonth} between 1 and ${lastDay} then ${then} end end`;

/** `try_cast(text as type)`: null where the text is none. PostgreSQL 15 has no function that asks. */
export function tryCastRule(argument: Argument, to: string): Outcome {
  if (familyOfArgument(argument) !== "text") return refused("try_cast takes text here: other casts cannot fail or are checked with CASE");
  const type = postgresTypeName(to);
  const range = limits[to];
  if (range !== undefined) {
    const whole = `round(${value})`;
    return `case when $1 ~ '${number}' then case when ${whole} between ${range[0]} and ${range[1]} then cast(${whole} as ${type}) end end`;
  }
  switch (familyOf(to)) {
    case "decimal": {
      const places = Number(/^DECIMAL\((\d+)/.exec(to)?.[1] ?? 0) - scaleOf(to);
      const rounded = `round(${value}, ${scaleOf(to)})`;
      return `case when $1 ~ '${number}' then case when abs(${rounded}) < 1e${places}::numeric then cast(${rounded} as ${type}) end end`;
    }
    case "double": {
      const words = `when $1 ~* '^${blank}[+-]?inf(inity)?${blank}$' then cast($1 as double precision) when $1 ~* '^${blank}[+-]?nan${blank}$' then 'NaN'::double precision`;
      return `case when $1 ~ '${number}' then ${asDouble} ${words} end`;
    }
    case "boolean": {
      const word = `lower($1 collate "C")`;
      return `case when ${word} in ('true', 't', '1', 'yes', 'y') then true when ${word} in ('false', 'f', '0', 'no', 'n') then false end`;
    }
    case "date":
      return `case when $1 ~ '^${isoDay}([^0-9].*)?$' then ${existingDay(date)} end`;
    case "timestamp":
      return `case when $1 ~ '^${isoDay}([ T] *${isoTime}${blank})?$' then ${existingDay(`${date} + ${hours} + ${minutes} + ${seconds}`)} end`;
    default:
      return refused("try_cast to an integer, decimal, double, boolean, date or timestamp");
  }
}
