import { dateRules } from "./date-rules.ts";
import { jsonRules } from "./json-rules.ts";
import { numberRules } from "./number-rules.ts";
import { type Call, type Outcome, type Rules, refused } from "./rule.ts";
import { comparable, familyOf } from "./sql-types.ts";
import { textRules } from "./text-rules.ts";

function nullIf(call: Call): Outcome {
  const [left, right] = call.args.map((argument) => familyOf(argument.type));
  if (left === undefined || right === undefined || left === null || right === null || !comparable(left, right))
    return refused("cast both to one type");
  return "nullif($1, $2)";
}

/** Functions and operators of one row, by DuckDB's names. What is not here is not carried over. */
export const scalarRules: Rules = { ...numberRules, ...textRules, ...dateRules, ...jsonRules, nullif: nullIf };

/** How a function or operator is named in the suite. */
export const scalarName = (name: string): string => `${/^[a-z_]/.test(name) ? "function" : "operator"} ${name}`;

const parameter = "it has another value in every run: use a parameter of the pipeline ($name)";
const order = "it depends on the order of rows: use min, max, arg_min or arg_max";
const list = "lists stay in DuckDB: join a table of the values, or use string_agg";

/** What to write instead of functions that are asked for often. */
const advice: Readonly<Record<string, string>> = {
  now: parameter,
  current_timestamp: parameter,
  current_date: parameter,
  today: parameter,
  random: parameter,
  uuid: parameter,
  gen_random_uuid: parameter,
  first: order,
  last: order,
  mode: "two values may be equally frequent: count them and take arg_max",
  list,
  array_agg: list,
  list_value: list,
  unnest: list,
  struct_pack: "name the values as columns of their own",
  list_transform: list,
  string_split: "use split_part",
  str_split: "use split_part",
  format: "use ||, lpad and strftime",
  printf: "use ||, lpad and strftime",
  quantile_disc: "use quantile_cont",
  approx_count_distinct: "use count(distinct …)",
  "[]": "use substr for parts of a text; lists stay in DuckDB",
  "->": "take the member as text with ->>",
  json_extract: "take the member as text with json_extract_string or ->>",
  try_strptime: "use try_cast on ISO texts",
  hash: "use md5",
};

const general = "docs/reference/sql.md lists what is carried over";

export const adviceFor = (name: string): string => (Object.hasOwn(advice, name) ? (advice[name] ?? general) : general);
