import {
  type Call,
  constantArgument,
  dates,
  exactNumbers,
  familyOfArgument,
  firstOf,
  inByteOrder,
  integers,
  misfit,
  numbers,
  type Outcome,
  ordered,
  type Rule,
  type Rules,
  refused,
  template,
} from "./rule.ts";
import { postgresTypeName, scaleOf } from "./sql-types.ts";

/** A template whose value gets the type that DuckDB gives it. */
function typed(rule: Rule): Rule {
  return (call) => {
    const outcome = rule(call);
    if (typeof outcome !== "string") return outcome;
    return call.result === null ? refused("name its type with a cast") : `cast(${outcome} as ${postgresTypeName(call.result)})`;
  };
}

const day = [["date"], ["integer"]] as const;

/** `x / 0` is infinite in DuckDB and an error in PostgreSQL. */
const quotient =
  "case when $2 = 0 then cast($1 as double precision) * 'Infinity'::double precision else cast($1 as double precision) / cast($2 as double precision) end";

const arithmetic = (operator: string): Rule => firstOf(template([numbers, numbers], `$1 ${operator} $2`));

/** Half away from zero, as DuckDB rounds doubles; PostgreSQL rounds them to even. */
export const roundedDouble = (value: string): string =>
  `(trunc(${value}) + case when abs(${value} - trunc(${value})) >= 0.5 then sign(${value}) else 0 end)`;

function rounded(call: Call): Outcome {
  const problem = misfit(call, [numbers, integers], 1);
  if (problem !== null) return problem;
  const [value, digits] = call.args;
  const isDouble = familyOfArgument(value) === "double";
  if (digits === undefined) return isDouble ? roundedDouble("$1") : "round($1)";
  const places = constantArgument(digits);
  if (typeof places !== "number") return refused("give the number of digits as a constant");
  if (!isDouble) return `round(cast($1 as numeric), ${places})`;
  if (places < 0) return refused("cast to decimal first: doubles are rounded to digits after the point only");
  return `${roundedDouble(`($1 * 1e${places}::double precision)`)} / 1e${places}::double precision`;
}

function extreme(name: string): Rule {
  return (call) => {
    const families = call.args.map(familyOfArgument);
    const [first] = families.filter((family) => family !== "null");
    if (first === undefined || first === null || !ordered.includes(first))
      return refused("cast the arguments to one type that has an order");
    if (
      families.some(
        (family) => family !== first && family !== "null" && !(numbers.includes(first) && family !== null && numbers.includes(family)),
      )
    )
      return refused("cast the arguments to one type");
    const holes = call.args.map((_, index) => (first === "text" ? inByteOrder(`$${index + 1}`) : `$${index + 1}`));
    return `${name}(${holes.join(", ")})`;
  };
}

const power = template([numbers, numbers], "power(cast($1 as double precision), cast($2 as double precision))");
const double = (name: string): Rule => template([numbers], `${name}(cast($1 as double precision))`);
const remainder = typed(template([exactNumbers, exactNumbers], "$1 % nullif($2, 0)"));
const upward = typed(template([numbers], "ceil($1)"));

export const numberRules: Rules = {
  "+": (call) => {
    if (call.args.length === 1) return template([numbers], "$1")(call);
    const dated = firstOf(
      arithmetic("+"),
      template([...day], "$1 + cast($2 as integer)"),
      template([["integer"], ["date"]], "$2 + cast($1 as integer)"),
      template([dates, ["interval"]], "cast($1 as timestamp) + $2"),
      template([["interval"], dates], "cast($2 as timestamp) + $1"),
      template([["interval"], ["interval"]], "$1 + $2"),
    );
    return dated(call);
  },
  "-": (call) => {
    if (call.args.length === 1) return template([[...numbers, "interval"]], "- $1")(call);
    return firstOf(
      arithmetic("-"),
      template([...day], "$1 - cast($2 as integer)"),
      template([["date"], ["date"]], "cast($1 - $2 as bigint)"),
      template([dates, ["interval"]], "cast($1 as timestamp) - $2"),
      refusedRule("subtract two dates with date_diff('day', a, b)"),
    )(call);
  },
  "*": firstOf(
    arithmetic("*"),
    template([["interval"], integers], "$1 * $2"),
    template([integers, ["interval"]], "$2 * $1"),
    refusedRule("multiply numbers, or an interval and an integer"),
  ),
  "/": template([numbers, numbers], quotient),
  "//": firstOf(
    typed(template([integers, integers], "div(cast($1 as numeric), nullif($2, 0))")),
    refusedRule("cast both sides to an integer type, or use / and floor()"),
  ),
  "%": firstOf(remainder, refusedRule("cast both sides to integers or decimals")),
  mod: firstOf(remainder, refusedRule("cast both sides to integers or decimals")),
  "**": power,
  "^": power,
  pow: power,
  power,
  abs: template([numbers], "abs($1)"),
  "@": template([numbers], "abs($1)"),
  ceil: upward,
  ceiling: upward,
  floor: typed(template([numbers], "floor($1)")),
  trunc: typed(template([numbers], "trunc($1)")),
  round: typed(rounded),
  sign: typed(template([numbers], "sign($1)")),
  sqrt: double("sqrt"),
  exp: double("exp"),
  ln: double("ln"),
  log: double("log"),
  log10: double("log"),
  log2: template([numbers], "ln(cast($1 as double precision)) / ln(2::double precision)"),
  pi: template([], "pi()"),
  greatest: extreme("greatest"),
  least: extreme("least"),
};

function refusedRule(fix: string): Rule {
  return () => refused(fix);
}

/** Sum divided by count in the way DuckDB's doubles come about; decimals are added up as integers first. */
export function average(type: string | null, sum: (value: string) => string, count: string): string {
  const scale = scaleOf(type);
  if (scale === 0) return `cast(${sum("$1")} as double precision) / nullif(${count}, 0)`;
  const factor = `1${"0".repeat(scale)}`;
  return `cast(${sum("$1")} * ${factor} as double precision) / (nullif(${count}, 0) * ${factor}::double precision)`;
}
