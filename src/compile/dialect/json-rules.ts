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

/** Members are reached by name one after the other; DuckDB keeps a JSON null as JSON, so only text is carried over. */
function member(call: Call): Outcome {
  const [document, path] = call.args;
  const family = familyOfArgument(document);
  if (document === undefined || path === undefined || call.args.length !== 2) return refused("take one member at a time");
  if (family !== "json" && family !== "text") return refused("cast the document to JSON");
  const keys = pathOf(constantArgument(path));
  if (keys === null) return refused("give the path as a constant like '$.customer.name' or a key");
  const holes = keys.map((_, index) => `$${index + 2}`);
  return { template: `json_extract_path_text(cast($1 as json), ${holes.join(", ")})`, args: [document.tree, ...keys.map(textConstant)] };
}

export const jsonRules: Rules = {
  "->>": member,
  json_extract_string: member,
  json_extract_path_text: member,
};
