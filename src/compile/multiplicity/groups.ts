import type { Expression, SelectNode } from "../../ports/syntax-tree.ts";
import { aggregateFunctions } from "../aggregate-functions.ts";
import { someExpression } from "../tree.ts";
import { determinedBy } from "./determined.ts";
import { columnOf, type Source, sourceOf, type Value } from "./rows.ts";
import type { GroupItem, SelectReading } from "./select-reading.ts";

/** What a SELECT groups its rows by; null when it makes a row of each. */
export function groupItems(select: SelectNode): readonly GroupItem[] | null {
  const isAll = select.aggregate_handling === "FORCE_AGGREGATES";
  const items = select.select_list;
  if (isAll) return items.flatMap((expression, position) => (isAggregated(expression) ? [] : [{ expression, position }]));
  if (select.group_expressions.length > 0) return select.group_expressions.map((expression) => writtenItem(expression, items));
  const aggregated = [...items, ...(select.having === null ? [] : [select.having])].some(isAggregated);
  return aggregated || select.having !== null ? [] : null;
}

/** `group by 1` and `group by alias` mean an item of the select list. */
function writtenItem(expression: Expression, items: readonly Expression[]): GroupItem {
  const number = expression.class === "CONSTANT" ? Number(expression.value?.value) - 1 : -1;
  const [name, ...others] = expression.column_names ?? [];
  const isNamed = (item: Expression): boolean =>
    others.length === 0 && name !== undefined && item.alias.toLowerCase() === name.toLowerCase() && !isAggregated(item);
  const position = items[number] !== undefined ? number : items.findIndex(isNamed);
  const item = items[position];
  return item === undefined ? { expression, position: null } : { expression: item, position };
}

/** Does it hold an aggregate that is no window? */
export function isAggregated(expression: Expression): boolean {
  return expression.class !== "WINDOW" && someExpression(expression, isAggregate);
}

function isAggregate(part: Expression): boolean {
  return part.class === "FUNCTION" && aggregateFunctions.has((part.function_name ?? "").toLowerCase());
}

/** Are rows left out by something that is no condition, or made by unnesting? */
export function isCut(select: SelectNode): boolean {
  const unnests = select.select_list.some((item) =>
    someExpression(item, (part) => part.class === "FUNCTION" && (part.function_name ?? "").toLowerCase() === "unnest"),
  );
  const modified = select.modifiers.some((modifier) => modifier.type !== "ORDER_MODIFIER");
  return unnests || modified || select.qualify !== null || (select.sample ?? null) !== null;
}

type KeyOfGroups = Pick<Source, "keys" | "counted">;

const unknown: KeyOfGroups = { keys: [], counted: false };

/**
 * The key of a query's result: what it groups by, is distinct on, or picks one row of (`row_number() over (partition by …) = 1`), less
 * what follows from the rest. It is all there is to know (`counted`) where no part of it can follow from another: it is one column, or
 * columns of one key.
 */
export function keyOfGroups(reading: SelectReading, outputs: ReadonlyMap<string, Value> | null): KeyOfGroups {
  const { select, groups, rows } = reading;
  const limits = select.modifiers.filter((modifier) => modifier.type.includes("LIMIT"));
  if (limits.some(isLimitOne) || (groups?.length === 0 && limits.length === 0)) return { keys: [[]], counted: false };
  const parts = keyParts(reading, outputs);
  const isFiltered = limits.length > 0 || select.having !== null || (select.sample ?? null) !== null || select.group_sets.length > 1;
  if (parts === null || isFiltered || (groups !== null && select.qualify !== null)) return unknown;
  const needed = parts.reduceRight<readonly KeyPart[]>((kept, part) => {
    const others = kept.filter((other) => other !== part);
    const rest = determinedBy(rows, { refs: others.flatMap((other) => other.value.refs) });
    return part.value.refs.every(rest.has) ? others : kept;
  }, parts);
  if (needed.length === 0) return { keys: [[]], counted: false };
  const names = needed.map((part) => part.output);
  if (names.includes(null)) return unknown;
  const [first] = needed;
  const source = first?.value.plain == null ? undefined : rows.sources[sourceOf(first.value.plain)];
  const ofOneKey =
    source?.counted === true &&
    source.keys.some((key) =>
      needed.every(({ value: { plain } }) => plain !== null && rows.sources[sourceOf(plain)] === source && key.includes(columnOf(plain))),
    );
  return { keys: [names.flatMap((name) => name ?? [])], counted: needed.length === 1 || ofOneKey };
}

interface KeyPart {
  readonly value: Value;
  readonly output: string | null;
}

function keyParts({ select, groups, toValue }: SelectReading, outputs: ReadonlyMap<string, Value> | null): readonly KeyPart[] | null {
  const named = (expression: Expression): KeyPart => {
    const value = toValue(expression);
    const output = [...(outputs ?? [])].find(([, item]) => value.plain !== null && item.plain === value.plain)?.[0] ?? null;
    return { value, output };
  };
  if (groups !== null) {
    return groups.map(({ expression, position }) => {
      const item = position === null ? undefined : select.select_list[position];
      const name = item === undefined ? "" : item.alias || (item.column_names?.at(-1) ?? "");
      return name === "" ? named(expression) : { value: toValue(expression), output: name.toLowerCase() };
    });
  }
  const distinct = select.modifiers.find((modifier) => modifier.type === "DISTINCT_MODIFIER");
  const targets = distinct?.distinct_on_targets ?? [];
  if (targets.length > 0) return targets.map(named);
  if (distinct !== undefined) return outputs === null ? null : [...outputs].map(([output, value]) => ({ value, output }));
  return firstOf(select.qualify)?.map(named) ?? null;
}

/** The columns of `row_number() over (partition by …) = 1`. */
function firstOf(qualify: Expression | null): readonly Expression[] | null {
  if (qualify === null || qualify.type !== "COMPARE_EQUAL") return null;
  const [window, one] = qualify.left?.class === "WINDOW" ? [qualify.left, qualify.right] : [qualify.right, qualify.left];
  if (window?.type !== "WINDOW_ROW_NUMBER" || one?.value?.value !== 1) return null;
  return window.partitions ?? [];
}

function isLimitOne(modifier: SelectNode["modifiers"][number]): boolean {
  return Number(modifier.limit?.value?.value) === 1;
}
