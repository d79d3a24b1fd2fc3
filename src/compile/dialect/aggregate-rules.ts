import type { Expression } from "../../ports/syntax-tree.ts";
import { average } from "./number-rules.ts";
import {
  type Argument,
  type Call,
  constantArgument,
  dates,
  familyOfArgument,
  inByteOrder,
  misfit,
  numbers,
  type Outcome,
  ordered,
  refused,
  texts,
} from "./rule.ts";

/** What stands around the arguments of an aggregate. */
export interface AggregateParts {
  readonly distinct: boolean;
  /** Keys of its own ORDER BY: as text, with holes, and what the author wrote. */
  readonly orders: readonly { readonly text: string; readonly source: Expression }[];
  /** Hole of the FILTER condition. */
  readonly filter: string | null;
  /** `over (…)`, with holes; null: it is no window. */
  readonly over: string | null;
}

export type AggregateRule = (call: Call, parts: AggregateParts) => Outcome;

/** The call with FILTER and OVER. */
function finished(text: string, { filter, over }: AggregateParts, condition: string | null = null): string {
  const conditions = [condition, filter].filter((item) => item !== null);
  const where = conditions.length === 0 ? "" : ` filter (where ${conditions.join(" and ")})`;
  return `${text}${where}${over === null ? "" : ` over ${over}`}`;
}

const distinctWord = (parts: AggregateParts): string => (parts.distinct ? "distinct " : "");

type Families = readonly (readonly NonNullable<ReturnType<typeof familyOfArgument>>[])[];

/** An aggregate that is written alike, over values of some families. */
function plain(signature: Families, text: (parts: AggregateParts) => string): AggregateRule {
  return (call, parts) => {
    if (parts.orders.length > 0) return refused("leave its ORDER BY out: it changes nothing");
    return misfit(call, signature) ?? finished(text(parts), parts);
  };
}

function notDistinct(rule: AggregateRule): AggregateRule {
  return (call, parts) => (parts.distinct ? refused("take DISTINCT values in a subquery first") : rule(call, parts));
}

const statistic = (name: string): AggregateRule => notDistinct(plain([numbers], () => `${name}(cast($1 as double precision))`));
const pairStatistic = (name: string): AggregateRule =>
  notDistinct(plain([numbers, numbers], () => `${name}(cast($1 as double precision), cast($2 as double precision))`));

/** min or max; booleans have none in PostgreSQL. */
function extreme(name: "min" | "max"): AggregateRule {
  return (call, parts) => {
    const problem = parts.orders.length > 0 ? refused("leave its ORDER BY out: it changes nothing") : misfit(call, [ordered]);
    if (problem !== null) return problem;
    const family = familyOfArgument(call.args[0]);
    if (family === "boolean") return finished(`${name === "min" ? "bool_and" : "bool_or"}($1)`, parts);
    return finished(`${name}(${family === "text" ? inByteOrder("$1") : "$1"})`, parts);
  };
}

const sum: AggregateRule = (call, parts) => {
  if (familyOfArgument(call.args[0]) === "boolean") return plain([["boolean"]], () => "sum(cast($1 as integer))")(call, parts);
  return plain([numbers], (all) => `sum(${distinctWord(all)}$1)`)(call, parts);
};

const avg: AggregateRule = (call, parts) => {
  const problem = parts.orders.length > 0 ? refused("leave its ORDER BY out: it changes nothing") : misfit(call, [numbers]);
  if (problem !== null) return problem;
  const one = (name: string) => (value: string) => finished(`${name}(${distinctWord(parts)}${value})`, parts);
  return average(call.args[0]?.type ?? null, one("sum"), one("count")("$1"));
};

const count: AggregateRule = (call, parts) => {
  if (call.args.length === 0) return finished("count(*)", parts);
  if (call.isRow === true && parts.distinct) return countRows(call, parts);
  if (call.args.length > 1) return refused("count distinct rows of a subquery");
  return finished(`count(${distinctWord(parts)}$1)`, parts);
};

/** Rows are equal where all their values are, or are absent on both sides. */
function countRows(call: Call, parts: AggregateParts): Outcome {
  const holes = call.args.map((_, index) => `$${index + 1}`);
  return (
    misfit(
      call,
      call.args.map(() => ordered),
    ) ?? finished(`count(distinct row(${holes.join(", ")}))`, parts)
  );
}

/** The texts one after the other; without an order they would come as they like. */
const stringAgg: AggregateRule = (call, parts) => {
  const problem = misfit(call, [texts, texts], 1);
  if (problem !== null) return problem;
  if (parts.orders.length === 0) return refused("give it an ORDER BY within the parentheses: without, the order is arbitrary");
  if (call.args.length === 2 && constantArgument(call.args[1]) === null) return refused("give the separator as a constant");
  const [only, second] = parts.orders;
  if (parts.distinct && (second !== undefined || !isSame(only?.source, call.args[0]))) return refused("order DISTINCT texts by themselves");
  const separator = call.args.length === 1 ? "','" : "$2";
  const value = parts.distinct ? inByteOrder("$1") : "$1";
  return finished(
    `string_agg(${distinctWord(parts)}${value}, ${separator} order by ${parts.orders.map((key) => key.text).join(", ")})`,
    parts,
  );
};

const isSame = (key: Expression | undefined, argument: Argument | undefined): boolean =>
  JSON.stringify(key) === JSON.stringify(argument?.source);

/** The first argument where the second is greatest or least. */
function argExtreme(direction: "asc" | "desc"): AggregateRule {
  return notDistinct((call, parts) => {
    const keys = call.args.slice(1);
    const problem =
      parts.orders.length > 0 ? refused("leave its ORDER BY out") : misfit(call, [[...ordered, "json"], ...keys.map(() => ordered)], 2);
    if (problem !== null) return problem;
    if (keys.length > 1 && call.isRow !== true) return refused("ask for one value");
    const orders = keys.map((key, index) => {
      const hole = `$${index + 2}`;
      return `${familyOfArgument(key) === "text" ? inByteOrder(hole) : hole} ${direction}`;
    });
    // A row is there whatever it holds; what is absent in it comes after everything else.
    const present = call.isRow === true ? "$1 is not null" : "$1 is not null and $2 is not null";
    return `(${finished(`array_agg($1 order by ${orders.join(", ")})`, parts, present)})[1]`;
  });
}

/** Interpolated between the two values around it. */
function quantile(fraction: (call: Call) => string | number | null): AggregateRule {
  return notDistinct((call, parts) => {
    const at = fraction(call);
    const problem = misfit(call, call.name === "median" ? [["integer", "double"]] : [["integer", "double"], numbers]);
    if (problem !== null) return problem;
    if (at === null || Number(at) < 0 || Number(at) > 1) return refused("give the fraction as a constant between 0 and 1");
    return finished(`percentile_cont(${at}) within group (order by cast($1 as double precision))`, parts);
  });
}

/** A number as it stands in the tree, decimals too. */
function fractionOf(call: Call): string | null {
  const { value, class: kind } = call.args[1]?.source ?? {};
  if (kind !== "CONSTANT" || value?.value === undefined) return null;
  const { type } = value as { readonly type?: { readonly id: string; readonly type_info: { readonly scale?: number } | null } };
  const scale = type?.id === "DECIMAL" ? Number(type.type_info?.scale ?? 0) : 0;
  return type?.id === "DECIMAL" || type?.id === "INTEGER" ? String(Number(value.value) / 10 ** scale) : null;
}

const bool = (name: "bool_and" | "bool_or"): AggregateRule => plain([["boolean"]], () => `${name}($1)`);
/** Null where there is nothing to count, as a sum is. */
const countIf: AggregateRule = notDistinct(plain([["boolean"]], () => "sum(cast($1 as integer))"));
const argMax = argExtreme("desc");
const argMin = argExtreme("asc");
const median = quantile(() => 0.5);

/** By DuckDB's names; any other aggregate is not carried over. */
export const aggregateRules: Readonly<Record<string, AggregateRule>> = {
  count,
  count_star: count,
  count_if: countIf,
  countif: countIf,
  sum,
  avg,
  mean: avg,
  min: extreme("min"),
  max: extreme("max"),
  // Whichever value DuckDB takes is as good.
  any_value: extreme("min"),
  bool_and: bool("bool_and"),
  bool_or: bool("bool_or"),
  string_agg: stringAgg,
  listagg: stringAgg,
  group_concat: stringAgg,
  arg_max: argMax,
  argmax: argMax,
  max_by: argMax,
  arg_min: argMin,
  argmin: argMin,
  min_by: argMin,
  median,
  quantile_cont: quantile(fractionOf),
  stddev: statistic("stddev_samp"),
  stddev_samp: statistic("stddev_samp"),
  stddev_pop: statistic("stddev_pop"),
  variance: statistic("var_samp"),
  var_samp: statistic("var_samp"),
  var_pop: statistic("var_pop"),
  covar_pop: pairStatistic("covar_pop"),
  covar_samp: pairStatistic("covar_samp"),
};

/** Aggregates that may also run over a window. */
export const windowAggregates: ReadonlySet<string> = new Set(
  "count count_star count_if countif sum avg mean min max bool_and bool_or stddev stddev_samp stddev_pop variance var_samp var_pop".split(
    " ",
  ),
);

/** Functions that are windows only. */
export const ranks: ReadonlySet<string> = new Set(["row_number", "rank", "dense_rank", "rank_dense", "percent_rank", "cume_dist"]);
export const placed: ReadonlySet<string> = new Set(["first_value", "last_value", "nth_value", "lag", "lead", "ntile"]);
/** Values that take no part in order: any that a contract can hold. */
const anyValue = [...new Set([...ordered, ...dates, "json" as const])];

/** A function that is a window only; null: it is none that is carried over. */
export function windowRule(call: Call, parts: AggregateParts, isOrdered: boolean): Outcome | null {
  const name = call.name === "rank_dense" ? "dense_rank" : call.name;
  if (!ranks.has(name) && !placed.has(name)) return null;
  if (!isOrdered) return refused("give it an ORDER BY: without, the order is arbitrary");
  if (parts.filter !== null || parts.distinct || parts.orders.length > 0)
    return refused("leave FILTER, DISTINCT and ORDER BY out of its arguments");
  if (ranks.has(name)) return call.args.length === 0 ? finished(`${name}()`, parts) : refused("leave its arguments out");
  switch (name) {
    case "ntile":
      return misfit(call, [["integer"]]) ?? finished("ntile(cast($1 as integer))", parts);
    case "nth_value":
      return misfit(call, [anyValue, ["integer"]]) ?? finished("nth_value($1, cast($2 as integer))", parts);
    case "lag":
    case "lead":
      return misfit(call, [anyValue, ["integer"], anyValue], 1) ?? shifted(name, call, parts);
    default:
      return misfit(call, [anyValue]) ?? finished(`${name}($1)`, parts);
  }
}

function shifted(name: string, call: Call, parts: AggregateParts): Outcome {
  const [value, , fallback] = call.args;
  if (fallback === undefined) return finished(call.args.length === 1 ? `${name}($1)` : `${name}($1, cast($2 as integer))`, parts);
  if (familyOfArgument(fallback) !== familyOfArgument(value)) return refused("give a default of the very type of the value");
  // PostgreSQL wants one type for both.
  const type = familyOfArgument(value) === "decimal" || familyOfArgument(value) === "integer" ? "numeric" : null;
  const holes = type === null ? ["$1", "$3"] : [`cast($1 as ${type})`, `cast($3 as ${type})`];
  return finished(`${name}(${holes[0]}, cast($2 as integer), ${holes[1]})`, parts);
}
