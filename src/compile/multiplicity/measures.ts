import type { Expression } from "../../ports/syntax-tree.ts";
import type { Ref, Value } from "./rows.ts";
import type { SelectReading } from "./select-reading.ts";

/** An aggregate whose result depends on how often a row comes. */
export interface Measure {
  readonly call: Expression;
  /** `average`: also a total that is divided by a count or a total. */
  readonly kind: "total" | "average" | "count";
  readonly value: Value;
  /** Columns that are the same in all rows that are put together. */
  readonly within: readonly Ref[];
}

const kinds: Readonly<Record<string, Measure["kind"]>> = {
  sum: "total",
  sum_no_overflow: "total",
  fsum: "total",
  sumkahan: "total",
  kahan_sum: "total",
  avg: "average",
  mean: "average",
  favg: "average",
  count: "count",
};

/** The sums, averages and counts of a SELECT; `count(*)` counts the rows of the join and is nobody's measure, DISTINCT takes each value once. */
export function measuresOf({ select, groups, toValue }: SelectReading): readonly Measure[] {
  const grouped = (groups ?? []).flatMap((item) => toValue(item.expression).refs);
  const visit = (part: unknown, divided: boolean): readonly Measure[] => {
    if (Array.isArray(part)) return part.flatMap((item) => visit(item, divided));
    if (part === null || typeof part !== "object" || "cte_map" in part) return [];
    const expression = part as Expression;
    const isMeasure = groups === null ? expression.type === "WINDOW_AGGREGATE" : expression.class === "FUNCTION";
    const name = (expression.function_name ?? "").toLowerCase();
    const kind = isMeasure && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind !== undefined && expression.distinct !== true) {
      const within = groups === null ? (expression.partitions ?? []).flatMap((item) => toValue(item).refs) : grouped;
      return [{ call: expression, kind: divided && kind === "total" ? "average" : kind, value: measured(expression, toValue), within }];
    }
    const [dividend, divisor] = expression.children ?? [];
    if ((name === "/" || name === "//") && holdsAggregate(divisor)) return [...visit(dividend, true), ...visit(divisor, divided)];
    return Object.values(part).flatMap((item) => visit(item, divided));
  };
  return [select.select_list, select.having, select.qualify].flatMap((part) => visit(part, false));
}

/** What goes into an aggregate; its filter decides which rows do. */
function measured(call: Expression, toValue: SelectReading["toValue"]): Value {
  const [argument] = call.children ?? [];
  const value = argument === undefined ? null : toValue(argument);
  const filter = call.filter == null ? [] : toValue(call.filter).refs;
  return { refs: [...(value?.refs ?? []), ...filter], carried: value?.carried ?? [], plain: null, divided: value?.divided ?? false };
}

function holdsAggregate(part: unknown): boolean {
  if (Array.isArray(part)) return part.some(holdsAggregate);
  if (part === null || typeof part !== "object") return false;
  const name = ((part as Expression).function_name ?? "").toLowerCase();
  return name === "count" || name === "count_star" || kinds[name] === "total" || Object.values(part).some(holdsAggregate);
}
