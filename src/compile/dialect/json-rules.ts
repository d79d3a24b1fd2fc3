import { type Call, constantArgument, familyOfArgument, type Outcome, type Rules, refused } from "./rule.ts";
import { textConstant } from "./tree-builders.ts";

/** Keys of a path; null for one that is not plain: wildcards and negative places mean other things or nothing. */
function pathOf(path: string | number | null): readonly string[] | null {
  if (typeof path === "number") return path >= 0 ? [String(path)] : null;
  if (path === null || path === "" || path.startsWith("/")) return null;
  if (!path.startsWith("$")) return [path];
  const keys = /^\$((?:\.[\p{L}_][\p{L}\p{N}_-]*|\."[^"]+"|\[\d+\])+)$/u.exec(path)?.[1];
  return keys === undefined ? null : [...keys.matchAll(/\.("?)([^".[]+|[^"]+)\1|\[(\d+)\]/gu)].map((match) => match[2] ?? match[3] ?? "");
}

/** DuckDB writes fractions as doubles and leaves out the spaces of objects and lists. */
function memberAsText(document: string, keys: readonly string[]): string {
  const path = [document, ...keys].join(", ");
  const text = `json_extract_path_text(${path})`;
  const double = `cast(cast(${text} as double precision) as text)`;
  const compact = String.raw`regexp_replace(${text}, '("(?:[^"\\]|\\.)*")|\s+', '\1', 'g')`;
  return `case json_typeof(json_extract_path(${path}))
    when 'number' then case when ${text} !~ '[.eE]' then ${text} when ${double} ~ '^-?[0-9]+$' then ${double} || '.0' else ${double} end
    when 'string' then ${text} when 'boolean' then ${text} when 'null' then null else ${compact} end`;
}

/** A member by its path; DuckDB keeps a JSON null as JSON, so only text is carried over. */
function member(call: Call): Outcome {
  const [document, path] = call.args;
  const family = familyOfArgument(document);
  if (document === undefined || path === undefined || call.args.length !== 2) return refused("take one member at a time");
  if (family !== "json" && family !== "text") return refused("cast the document to JSON");
  const keys = pathOf(constantArgument(path));
  if (keys === null) return refused("give the path as a constant like '$.customer.name' or a key");
  const holes = keys.map((_, index) => `$${index + 2}`);
  return { template: memberAsText("cast($1 as json)", holes), args: [document.tree, ...keys.map(textConstant)] };
}

export const jsonRules: Rules = {
  "->>": member,
  json_extract_string: member,
  json_extract_path_text: member,
};
