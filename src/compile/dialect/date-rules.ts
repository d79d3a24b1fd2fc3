import {
  type Call,
  constantArgument,
  dates,
  familyOfArgument,
  integers,
  misfit,
  type Outcome,
  type Rule,
  type Rules,
  refused,
  template,
  texts,
} from "./rule.ts";
import { textConstant } from "./tree-builders.ts";

/** Of a date: without the cast PostgreSQL takes it for midnight of the session's time zone. */
const moment = (hole: string): string => `cast(${hole} as timestamp)`;

/** Parts that are whole numbers; `week` and `isodow` are ISO's, `dow` counts from Sunday 0. */
const parts: Readonly<Record<string, string>> = {
  year: "year",
  years: "year",
  month: "month",
  months: "month",
  day: "day",
  days: "day",
  hour: "hour",
  hours: "hour",
  minute: "minute",
  minutes: "minute",
  second: "second",
  seconds: "second",
  quarter: "quarter",
  week: "week",
  weeks: "week",
  dow: "dow",
  dayofweek: "dow",
  weekday: "dow",
  isodow: "isodow",
  doy: "doy",
  dayofyear: "doy",
  isoyear: "isoyear",
};

const partOf = (part: string, hole: string): string => {
  const value = `extract(${part} from ${moment(hole)})`;
  return `cast(${part === "second" ? `floor(${value})` : value} as bigint)`;
};

const datePart = (part: string): Rule => template([dates], partOf(part, "$1"));

const named = (argument: Call["args"][number] | undefined): string => {
  const name = constantArgument(argument);
  return typeof name === "string" && Object.hasOwn(parts, name.toLowerCase()) ? (parts[name.toLowerCase()] ?? "") : "";
};

function anyDatePart(call: Call): Outcome {
  const problem = misfit(call, [texts, dates]);
  if (problem !== null) return problem;
  if (constantArgument(call.args[0]) === "epoch") return epoch("$2");
  const part = named(call.args[0]);
  return part === "" ? refused(`name a part as a constant: ${[...new Set(Object.values(parts))].join(", ")} or epoch`) : partOf(part, "$2");
}

const epoch = (hole: string): string => `cast(extract(epoch from ${moment(hole)}) as double precision)`;

const truncated = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

function dateTrunc(call: Call): Outcome {
  const problem = misfit(call, [texts, dates]);
  if (problem !== null) return problem;
  const part = named(call.args[0]);
  return truncated.includes(part)
    ? `date_trunc('${part}', ${moment("$2")})`
    : refused(`name a part as a constant: ${truncated.join(", ")}`);
}

const months = (hole: string): string => `(extract(year from ${moment(hole)}) * 12 + extract(month from ${moment(hole)}))`;
const quarters = (hole: string): string => `(extract(year from ${moment(hole)}) * 4 + extract(quarter from ${moment(hole)}))`;
const units = (part: string, seconds: number, hole: string): string =>
  `(extract(epoch from date_trunc('${part}', ${moment(hole)})) / ${seconds})`;

/** Boundaries between two moments. */
const differences: Readonly<Record<string, (hole: string) => string>> = {
  year: (hole) => `extract(year from ${moment(hole)})`,
  quarter: quarters,
  month: months,
  day: (hole) => units("day", 86_400, hole),
  hour: (hole) => units("hour", 3600, hole),
  minute: (hole) => units("minute", 60, hole),
  second: (hole) => units("second", 1, hole),
};

function dateDiff(call: Call): Outcome {
  const problem = misfit(call, [texts, dates, dates]);
  if (problem !== null) return problem;
  const difference = differences[named(call.args[0])];
  if (difference === undefined)
    return refused(`name a part as a constant: ${Object.keys(differences).join(", ")}; for weeks divide days by 7`);
  return `cast(${difference("$3")} - ${difference("$2")} as bigint)`;
}

/** strftime's codes in PostgreSQL's to_char; `FM` leaves out padding. */
const codes: Readonly<Record<string, string>> = {
  "%Y": "YYYY",
  "%m": "MM",
  "%d": "DD",
  "%H": "HH24",
  "%I": "HH12",
  "%M": "MI",
  "%S": "SS",
  "%f": "US",
  "%g": "MS",
  "%y": "YY",
  "%j": "DDD",
  "%p": "AM",
  "%B": "FMMonth",
  "%b": "Mon",
  "%A": "FMDay",
  "%a": "Dy",
  "%G": "IYYY",
  "%V": "IW",
  "%u": "ID",
  "%-d": "FMDD",
  "%-m": "FMMM",
  "%-H": "FMHH24",
  "%-I": "FMHH12",
  "%-M": "FMMI",
  "%-S": "FMSS",
  "%-j": "FMDDD",
  "%%": '"%"',
};

/** A format of to_char; null when a code has no equal. */
function charFormat(format: string): string | null {
  let result = "";
  let at = 0;
  while (at < format.length) {
    const code = /^%-?./s.exec(format.slice(at))?.[0];
    if (code === undefined) {
      const literal = /^[^%]+/s.exec(format.slice(at))?.[0] ?? "";
      // Outside quotes letters of the text would be taken for codes.
      result += /^[-/:., ]+$/.test(literal) ? literal : `"${literal.replace(/["\\]/g, "\\$&")}"`;
      at += literal.length;
    } else {
      const written = Object.hasOwn(codes, code) ? codes[code] : undefined;
      if (written === undefined) return null;
      result += written;
      at += code.length;
    }
  }
  return result;
}

const knownCodes = Object.keys(codes).join(" ");

function strftime(call: Call): Outcome {
  const flipped = familyOfArgument(call.args[0]) === "text";
  const [value, format] = flipped ? [call.args[1], call.args[0]] : call.args;
  const problem = misfit({ ...call, args: [value, format].flatMap((item) => item ?? []) }, [dates, texts]);
  if (problem !== null || value === undefined) return problem ?? refused("");
  const text = constantArgument(format);
  const written = typeof text === "string" && text !== "" ? charFormat(text) : null;
  if (written === null) return refused(`give the format as a constant of ${knownCodes}`);
  return { template: `to_char(${moment("$1")}, $2)`, args: [value.tree, textConstant(written)] };
}

/** Formats whose texts are checked before they are read: to_timestamp takes more than strptime does. */
const scanned: Readonly<Record<string, { readonly pattern: string; readonly format: string }>> = {
  "%Y-%m-%d": { pattern: "^[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}$", format: "YYYY-MM-DD" },
  "%d/%m/%Y": { pattern: "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{1,4}$", format: "DD/MM/YYYY" },
  "%m/%d/%Y": { pattern: "^[0-9]{1,2}/[0-9]{1,2}/[0-9]{1,4}$", format: "MM/DD/YYYY" },
  "%d.%m.%Y": { pattern: "^[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,4}$", format: "DD.MM.YYYY" },
  "%d-%m-%Y": { pattern: "^[0-9]{1,2}-[0-9]{1,2}-[0-9]{1,4}$", format: "DD-MM-YYYY" },
  "%Y%m%d": { pattern: "^[0-9]{8}$", format: "YYYYMMDD" },
  "%Y/%m/%d": { pattern: "^[0-9]{1,4}/[0-9]{1,2}/[0-9]{1,2}$", format: "YYYY/MM/DD" },
};

function strptime(call: Call): Outcome {
  const problem = misfit(call, [texts, texts]);
  if (problem !== null) return problem;
  const format = constantArgument(call.args[1]);
  const known = typeof format === "string" && Object.hasOwn(scanned, format) ? scanned[format] : undefined;
  if (known === undefined) return refused(`use one of the formats ${Object.keys(scanned).join(", ")}, or cast ISO texts`);
  const text = `case when $1 ~ '${known.pattern}' then $1 else 'not ${known.format}: ' || $1 end`;
  return `cast(to_date(${text}, '${known.format}') as timestamp)`;
}

const interval = (unit: string): Rule => template([integers], `$1 * interval '1 ${unit}'`);
const added: Rule = template([dates, ["interval"]], `${moment("$1")} + $2`);
const textOf = (format: string): Rule => template([dates], `to_char(${moment("$1")}, '${format}')`);

/** Parts that are functions of their own, too. */
const partFunctions = [
  ...["year", "month", "day", "hour", "minute", "second", "quarter", "week"],
  ...["dayofweek", "weekday", "isodow", "dayofyear", "isoyear"],
];

export const dateRules: Rules = {
  ...Object.fromEntries(partFunctions.map((name) => [name, datePart(parts[name] ?? name)])),
  dayofmonth: datePart("day"),
  weekofyear: datePart("week"),
  epoch: template([dates], epoch("$1")),
  date_part: anyDatePart,
  datepart: anyDatePart,
  date_trunc: dateTrunc,
  datetrunc: dateTrunc,
  date_diff: dateDiff,
  datediff: dateDiff,
  date_add: added,
  strftime,
  strptime,
  make_date: template([integers, integers, integers], "make_date(cast($1 as integer), cast($2 as integer), cast($3 as integer))"),
  last_day: template([dates], `cast(date_trunc('month', ${moment("$1")}) + interval '1 month' - interval '1 day' as date)`),
  monthname: textOf("FMMonth"),
  dayname: textOf("FMDay"),
  to_years: interval("year"),
  to_months: interval("month"),
  to_weeks: interval("week"),
  to_days: interval("day"),
  to_hours: interval("hour"),
  to_minutes: interval("minute"),
  to_seconds: template([["integer", "double"]], "$1 * interval '1 second'"),
};
