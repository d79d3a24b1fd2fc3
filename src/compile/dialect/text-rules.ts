import { portableMatch, portablePattern } from "./portable-pattern.ts";
import {
  type Argument,
  type Call,
  constantArgument,
  familyOfArgument,
  inByteOrder,
  integers,
  misfit,
  type Outcome,
  type Rule,
  type Rules,
  refused,
  template,
  texts,
} from "./rule.ts";
import { postgresTypeName } from "./sql-types.ts";
import { textConstant } from "./tree-builders.ts";

/** What DuckDB's trim removes: Unicode's space separators. */
const spaces = String.raw`U&' \00A0\1680\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\202F\205F\3000'`;

/** Case by Unicode's rules whatever the database's locale; the result is ordered by bytes again. */
const inCase = (name: string, hole: string): string => `(${name}(${hole} collate "und-x-icu") collate "C")`;

/** Families whose text DuckDB and PostgreSQL write alike. */
const written = ["text", "integer", "decimal", "boolean", "date", "timestamp"] as const;

/** Decimals with as many digits as their type has, however they came about. */
function asText(argument: Argument, hole: string): string {
  const family = familyOfArgument(argument);
  if (family === "text") return hole;
  return family === "decimal" ? `cast(cast(${hole} as ${postgresTypeName(argument.type ?? "")}) as text)` : `cast(${hole} as text)`;
}

/** Each argument as text. */
function asTexts(call: Call, join: (holes: readonly string[]) => string): Outcome {
  const bad = call.args.find((argument) => {
    const family = familyOfArgument(argument);
    return family === null || (family !== "null" && !(written as readonly string[]).includes(family));
  });
  if (bad !== undefined) return refused(`${bad.type ?? "an unknown type"} is written differently: cast it to decimal or text first`);
  return join(call.args.map((argument, index) => asText(argument, `$${index + 1}`)));
}

function like(operator: "like" | "not like", fold: boolean): Rule {
  return (call) => {
    const problem = misfit(call, [texts, texts]);
    if (problem !== null) return problem;
    const pattern = constantArgument(call.args[1]);
    if (typeof pattern !== "string") return refused("give the pattern as a constant, or use starts_with, contains or ends_with");
    if (pattern.includes("\\")) return refused("leave backslashes out of the pattern: they are escapes in PostgreSQL");
    return fold ? `${inCase("lower", "$1")} ${operator} ${inCase("lower", "$2")}` : `$1 ${operator} $2`;
  };
}

/** Whole numbers from `least` on, as a constant. */
function fromLeast(argument: Call["args"][number] | undefined, least: number): boolean {
  const value = constantArgument(argument);
  return argument === undefined || (typeof value === "number" && value >= least);
}

function substring(call: Call): Outcome {
  const problem = misfit(call, [texts, integers, integers], 2);
  if (problem !== null) return problem;
  if (!fromLeast(call.args[1], 1)) return refused("give the start as a constant from 1 on; right() takes characters from the end");
  if (!fromLeast(call.args[2], 0)) return refused("give the length as a constant from 0 on");
  return call.args.length === 2 ? "substr($1, $2)" : "substr($1, $2, $3)";
}

const side = (name: "left" | "right"): Rule => {
  return (call) =>
    misfit(call, [texts, integers]) ??
    (fromLeast(call.args[1], 0) ? `${name}($1, $2)` : refused("give the number of characters as a constant from 0 on"));
};

const padded = (name: "lpad" | "rpad"): Rule => {
  return (call) =>
    misfit(call, [texts, integers, texts]) ??
    (fromLeast(call.args[1], 0) && constantArgument(call.args[2]) !== null && constantArgument(call.args[2]) !== ""
      ? `${name}($1, $2, $3)`
      : refused("give the length and the padding as constants"));
};

const trimmed = (name: string): Rule => {
  return (call) => misfit(call, [texts, texts], 1) ?? (call.args.length === 1 ? `${name}($1, ${spaces})` : `${name}($1, $2)`);
};

function splitPart(call: Call): Outcome {
  const problem = misfit(call, [texts, texts, integers]);
  if (problem !== null) return problem;
  const separator = constantArgument(call.args[1]);
  if (typeof separator !== "string" || separator === "") return refused("give the separator as a constant that is not empty");
  return fromLeast(call.args[2], 1) ? "split_part($1, $2, $3)" : refused("give the number of the part as a constant from 1 on");
}

/** Does it match anywhere? Alternatives and groups mean the same in both as long as only yes or no is asked. */
function regexpMatches(call: Call): Outcome {
  const problem = misfit(call, [texts, texts]);
  if (problem !== null) return problem;
  const pattern = portableMatch(constantArgument(call.args[1]));
  if ("fix" in pattern) return refused(pattern.fix);
  const args = call.args.slice(0, 1).map((argument) => argument.tree);
  const whole = call.name === "regexp_full_match" ? `^(?:${pattern.text})$` : pattern.text;
  return { template: `$1 ~ ${inByteOrder("$2")}`, args: [...args, textConstant(whole)] };
}

function regexpReplace(call: Call): Outcome {
  const problem = misfit(call, [texts, texts, texts, texts], 3);
  if (problem !== null) return problem;
  const [value, pattern, replacement, flags] = call.args;
  const portable = portablePattern(constantArgument(pattern));
  if ("fix" in portable) return refused(portable.fix);
  const options = flags === undefined ? "" : constantArgument(flags);
  if (options !== "" && options !== "g") return refused("use no option, or 'g' for every match");
  const written = constantArgument(replacement);
  if (typeof written !== "string" || /\\(?![0-9])|&/.test(written))
    return refused("give the replacement as a constant without & and backslashes");
  const args = [value, replacement].flatMap((argument) => (argument === undefined ? [] : [argument.tree]));
  const call4 = `regexp_replace($1, ${inByteOrder("$3")}, $2${options === "g" ? ", 'g'" : ""})`;
  return { template: call4, args: [...args, textConstant(portable.text)] };
}

function regexpExtract(call: Call): Outcome {
  const problem = misfit(call, [texts, texts, integers], 2);
  if (problem !== null) return problem;
  const [value, pattern, group] = call.args;
  const portable = portablePattern(constantArgument(pattern));
  if ("fix" in portable) return refused(portable.fix);
  const wanted = group === undefined ? 0 : constantArgument(group);
  if (typeof wanted !== "number" || wanted < 0 || wanted > portable.groups)
    return refused("give the number of a group that the pattern has");
  // Without a group substring() gives the whole match, otherwise the first group.
  const text = wanted === 0 ? portable.text.replace(/(?<!\\)\((?!\?)/g, "(?:") : onlyGroup(portable.text, wanted);
  const args = value === undefined ? [] : [value.tree];
  const found = `substring($1 from ${inByteOrder("$2")})`;
  return { template: `case when $1 is not null then coalesce(${found}, '') end`, args: [...args, textConstant(text)] };
}

/** The pattern with every other group made one that is not kept. */
function onlyGroup(pattern: string, wanted: number): string {
  let seen = 0;
  return pattern.replace(/(?<!\\)\((?!\?)/g, () => {
    seen += 1;
    return seen === wanted ? "(" : "(?:";
  });
}

const length: Rule = template([texts], "cast(char_length($1) as bigint)");
const position: Rule = template([texts, texts], "cast(strpos($1, $2) as bigint)");
const startsWith: Rule = template([texts, texts], "starts_with($1, $2)");
const endsWith: Rule = template([texts, texts], "right($1, char_length($2)) = $2");

export const textRules: Rules = {
  "||": (call) => asTexts(call, (holes) => holes.join(" || ")),
  concat: (call) => asTexts(call, (holes) => `concat(${holes.join(", ")})`),
  concat_ws: (call) => asTexts(call, (holes) => `concat_ws(${holes.join(", ")})`),
  lower: template([texts], inCase("lower", "$1")),
  lcase: template([texts], inCase("lower", "$1")),
  upper: template([texts], inCase("upper", "$1")),
  ucase: template([texts], inCase("upper", "$1")),
  length,
  len: length,
  char_length: length,
  character_length: length,
  strlen: template([texts], "cast(octet_length($1) as bigint)"),
  substring,
  substr: substring,
  left: side("left"),
  right: side("right"),
  trim: trimmed("btrim"),
  ltrim: trimmed("ltrim"),
  rtrim: trimmed("rtrim"),
  replace: template([texts, texts, texts], "replace($1, $2, $3)"),
  position,
  strpos: position,
  instr: position,
  contains: template([texts, texts], "strpos($1, $2) > 0"),
  starts_with: startsWith,
  prefix: startsWith,
  "^@": startsWith,
  ends_with: endsWith,
  suffix: endsWith,
  lpad: padded("lpad"),
  rpad: padded("rpad"),
  repeat: template([texts, integers], "repeat($1, cast($2 as integer))"),
  reverse: template([texts], "reverse($1)"),
  split_part: splitPart,
  translate: template([texts, texts, texts], "translate($1, $2, $3)"),
  md5: template([texts], "md5($1)"),
  sha256: template([texts], "encode(sha256(convert_to($1, 'UTF8')), 'hex')"),
  chr: template([integers], "chr(cast($1 as integer))"),
  "~~": like("like", false),
  "!~~": like("not like", false),
  "~~*": like("like", true),
  "!~~*": like("not like", true),
  regexp_matches: regexpMatches,
  regexp_full_match: regexpMatches,
  regexp_replace: regexpReplace,
  regexp_extract: regexpExtract,
};
