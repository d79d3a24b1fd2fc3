import type { Expression, SyntaxTree } from "../../ports/syntax-tree.ts";
import { walk } from "./exact-tree.ts";

const orderedAggregates = new Set("any_value arbitrary array_agg first group_concat last list listagg string_agg".split(" "));
const tiedAggregates = new Set("arg_max arg_max_null arg_min arg_min_null argmax argmin max_by min_by mode".split(" "));
const tiedWindows = new Set("row_number ntile lag lead first first_value last last_value nth_value".split(" "));
const exactless = new Set("favg fsum kahan_sum sumkahan product stddev stddev_pop stddev_samp var_pop var_samp variance corr".split(" "));
const doubleSums = new Set(["sum", "avg", "mean"]);

/** What makes a result depend on more than the rows: two builds of the same rows may differ there, and so may a refresh and a full build. */
export function incrementalWarnings(trees: readonly SyntaxTree[], doubles: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  walk(trees, (item) => {
    if (item.type === "DISTINCT_MODIFIER" && Array.isArray(item.distinct_on_targets) && item.distinct_on_targets.length > 0) {
      found.add("DISTINCT ON takes one of the rows that its ORDER BY leaves equal: order by columns that identify a row");
    }
    if (typeof item.type === "string" && item.type.includes("LIMIT_MODIFIER")) {
      found.add("LIMIT takes some of the rows that its ORDER BY leaves equal: order by columns that identify a row");
    }
    const warning = item.class === "FUNCTION" || item.class === "WINDOW" ? functionWarning(item as unknown as Expression, doubles) : null;
    if (warning !== null) found.add(warning);
    return true;
  });
  return [...found];
}

function functionWarning(expression: Expression, doubles: ReadonlySet<string>): string | null {
  const name = (expression.function_name ?? "").toLowerCase();
  const isWindow = expression.class === "WINDOW";
  const ordered = (expression.order_bys?.orders.length ?? 0) + (expression.arg_orders?.length ?? 0) > 0;
  if (isWindow && (tiedWindows.has(name) || [expression.start, expression.end].some((bound) => bound?.endsWith("_ROWS") === true))) {
    return `${name} over (…) depends on the order of rows that its ORDER BY leaves equal: order by columns that identify a row`;
  }
  if (orderedAggregates.has(name) && !ordered)
    return `${name} without ORDER BY depends on the order in which rows are read: add ORDER BY to it`;
  if (tiedAggregates.has(name)) return `${name} takes one of several rows of equal rank`;
  if (name.startsWith("approx_") || name === "reservoir_quantile") return `${name} is approximate: its value depends on how rows are read`;
  if (exactless.has(name) || name.startsWith("regr_") || name.startsWith("covar_")) return floating(name);
  return doubleSums.has(name) && (expression.children ?? []).some((child) => mayBeDouble(child, doubles)) ? floating(name) : null;
}

function floating(name: string): string {
  return `${name} of floating-point numbers depends on the order of the rows in its last digits: cast to a decimal type`;
}

const doubleFunctions = new Set("/ sqrt cbrt ln log log2 log10 exp pow power ^ ** sin cos tan radians degrees epoch".split(" "));

/** As far as it can be seen without types: a column of the name, a cast, a division. */
function mayBeDouble(expression: Expression, doubles: ReadonlySet<string>): boolean {
  let found = false;
  walk(expression, (item) => {
    if ("cte_map" in item) return false;
    const part = item as unknown as Expression;
    const { cast_type, class: kind } = part;
    if (kind === "CAST" && cast_type?.id !== "DOUBLE" && cast_type?.id !== "FLOAT") return false;
    if (kind === "CAST") found = true;
    if (kind === "COLUMN_REF" && doubles.has((part.column_names?.at(-1) ?? "").toLowerCase())) found = true;
    if (kind === "FUNCTION" && doubleFunctions.has((part.function_name ?? "").toLowerCase())) found = true;
    return !found;
  });
  return found;
}
