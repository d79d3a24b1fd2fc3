import { roundedDouble } from "./number-rules.ts";
import { type Argument, constantArgument, familyOfArgument, type Outcome, refused } from "./rule.ts";
import { type Family, familyOf, postgresTypeName } from "./sql-types.ts";

type Cast = (from: string, to: string) => string;

const plain: Cast = (_, to) => `cast($1 as ${to})`;

/** Only what DuckDB reads as a date too: PostgreSQL would take `01-02-05` for a day of 2005. Anything else is an error, as in DuckDB. */
const isoOnly: Cast = (_, to) => `cast(case when $1 ~ '^ *[0-9]{4}[-/]' then ${wholeMicroseconds} else 'no ISO date: ' || $1 end as ${to})`;

/** DuckDB cuts what PostgreSQL rounds. */
const wholeMicroseconds = String.raw`regexp_replace($1, '(\.[0-9]{6})[0-9]+', '\1')`;

/** A double is rounded as DuckDB does: in units of the last digit, half away from zero. */
const doubleToDecimal: Cast = (_, to) => {
  const scale = Number(/,(\d+)\)$/.exec(to)?.[1] ?? 0);
  const unit = `1e${scale}::double precision`;
  return `cast(cast(${roundedDouble(`($1 * ${unit})`)} as bigint) * 1e-${scale}::numeric as ${to})`;
};

/** As many digits as the type has, however the value came about. */
const decimalToText: Cast = (from) => `cast(cast($1 as ${from}) as text)`;

/** By families, from → to; what is not here is not carried over. */
const casts: Readonly<Partial<Record<Family, Readonly<Partial<Record<Family, Cast>>>>>> = {
  integer: {
    integer: plain,
    decimal: plain,
    double: plain,
    text: plain,
    boolean: () => "$1 <> 0",
  },
  decimal: { integer: plain, decimal: plain, double: plain, text: decimalToText },
  double: { integer: plain, decimal: doubleToDecimal, double: plain },
  text: {
    integer: (_, to) => `cast(round(cast($1 as numeric)) as ${to})`,
    decimal: plain,
    double: plain,
    text: () => "$1",
    boolean: plain,
    date: isoOnly,
    timestamp: isoOnly,
    time: plain,
    json: plain,
  },
  boolean: { boolean: () => "$1", integer: (_, to) => `cast(cast($1 as integer) as ${to})`, text: plain },
  date: { date: () => "$1", timestamp: plain, text: plain },
  timestamp: { timestamp: () => "$1", date: plain, time: plain, text: plain },
  time: { time: () => "$1", text: plain },
  json: { json: () => "$1", text: plain },
};

const detours: Readonly<Record<string, string>> = { "double → text": "decimal, then to text", "double → boolean": "a comparison" };

/** How a cast to a type (as DuckDB prints it) is named in the suite. */
export function castName(argument: Argument, to: string, isTry: boolean): string {
  const from = familyOfArgument(argument);
  return `${isTry ? "try_cast" : "cast"} ${from === "null" ? "NULL" : (from ?? argument.type ?? "unknown type")} → ${familyOf(to) ?? to}`;
}

/** What try_cast reads. */
const tried: readonly Family[] = ["integer", "decimal", "double", "boolean", "date", "timestamp"];

/** Every cast that is carried over. */
export const castNames: readonly string[] = [
  ...Object.entries(casts).flatMap(([from, targets]) => Object.keys(targets).map((to) => `cast ${from} → ${to}`)),
  ...tried.flatMap((to) => [`cast NULL → ${to}`, `try_cast text → ${to}`]),
  "cast NULL → text",
  "cast text → interval",
];

/** `cast(value as type)`. */
export function castRule(argument: Argument, to: string): Outcome {
  const from = familyOfArgument(argument);
  const target = familyOf(to);
  if (from === null || target === null) return refused("cast to a type that a contract can hold");
  if (from === "null") return `cast($1 as ${postgresTypeName(to)})`;
  if (from === "text" && target === "interval") return intervalConstant(argument);
  if (to === "FLOAT" || argument.type === "FLOAT") return refused("use DOUBLE");
  if (from === "double" && to === "HUGEINT") return refused("cast to BIGINT");
  const constant = constantArgument(argument);
  if (typeof constant === "string" && (target === "date" || target === "timestamp")) {
    const iso = /^\d{4}-\d{1,2}-\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)?$/.test(constant);
    return iso ? plain("text", postgresTypeName(to)) : refused("write dates as 2024-01-31 and times as 2024-01-31 10:00:00");
  }
  const cast = casts[from]?.[target];
  if (cast === undefined)
    return refused(`go another way, e.g. by ${detours[`${from} → ${target}`] ?? "a type that both are cast to and from"}`);
  return cast(postgresTypeName(argument.type ?? ""), postgresTypeName(to));
}

/** Intervals that both read alike. */
function intervalConstant(argument: Argument): Outcome {
  const text = constantArgument(argument);
  const portable = /^[+-]?\d+ (?:years?|months?|weeks?|days?|hours?|minutes?|seconds?)$/i;
  if (typeof text === "string" && portable.test(text)) return "cast($1 as interval)";
  return refused("write intervals with one unit, e.g. interval 3 day");
}
