import type { Expression, SelectNode } from "../../ports/syntax-tree.ts";
import type { ToValue } from "./conditions.ts";
import { constant, type Ref, type Rows, type Value, wholeOf } from "./rows.ts";

/** A table, CTE or subquery of a FROM, by the name its columns are called by. */
export interface Binding {
  readonly alias: string;
  /** As its own columns are named; null: not known. */
  readonly columns: ReadonlyMap<string, Value> | null;
  /** Positions among the sources: the first, and the one after the last. */
  readonly first: number;
  readonly end: number;
}

/** Reads the expressions of one SELECT. A name that no table of its FROM has is the alias of an output, or comes from outside: a constant. */
export function valueReader(select: SelectNode, bindings: readonly Binding[], rows: Pick<Rows, "sources">): ToValue {
  const open = new Set<Expression>();
  const toValue: ToValue = (expression) => {
    const { children = [], child, left, right } = expression;
    const mix = (parts: readonly (Expression | undefined)[]): Value => combined(parts.flatMap((part) => (part ? [toValue(part)] : [])));
    switch (expression.class) {
      case "COLUMN_REF":
        return columnNamed(expression, bindings) ?? outputNamed(expression);
      case "CONSTANT":
      case "PARAMETER":
        return constant;
      case "CAST":
        return child ? toValue(child) : constant;
      case "COMPARISON":
        return decided(mix([left, right]));
      case "BETWEEN":
        return decided(mix([expression.input, expression.lower, expression.upper]));
      case "CONJUNCTION":
        return decided(mix(children));
      case "OPERATOR":
        return expression.type === "OPERATOR_COALESCE" ? mix(children) : decided(mix(children), expression.type === "ARRAY_EXTRACT");
      case "CASE": {
        const checks = expression.case_checks ?? [];
        const results = mix([...checks.map((item) => item.then_expr), expression.else_expr]);
        return { ...results, refs: [...results.refs, ...mix(checks.map((item) => item.when_expr)).refs] };
      }
      case "FUNCTION": {
        const name = (expression.function_name ?? "").toLowerCase();
        const value = mix(children);
        const divisor = (name === "/" || name === "//") && children[1] !== undefined ? toValue(children[1]).refs : [];
        return { ...value, divided: value.divided || divisor.length > 0 };
      }
      case "SUBQUERY": {
        const mentioned = mentionedColumns(expression.subquery, bindings);
        return child ? decided(combined([...mentioned, toValue(child)])) : combined(mentioned);
      }
      default:
        return wholeOf(rows);
    }
  };
  const outputNamed = (expression: Expression): Value => {
    const [name, ...others] = expression.column_names ?? [];
    const output = select.select_list.find((item) => item.alias !== "" && item.alias.toLowerCase() === name?.toLowerCase());
    if (output === undefined || others.length > 0 || open.has(output)) return constant;
    open.add(output);
    const value = toValue(output);
    open.delete(output);
    return value;
  };
  return toValue;
}

function combined(parts: readonly Value[]): Value {
  const unique = (refs: readonly Ref[]): readonly Ref[] => [...new Set(refs)];
  return {
    refs: unique(parts.flatMap((part) => part.refs)),
    carried: unique(parts.flatMap((part) => part.carried)),
    plain: null,
    divided: parts.some((part) => part.divided),
  };
}

/** Columns of the outer FROM that a subquery may mean: a bare name of its own may be taken for one. */
function mentionedColumns(part: unknown, bindings: readonly Binding[]): readonly Value[] {
  if (Array.isArray(part)) return part.flatMap((item) => mentionedColumns(item, bindings));
  if (part === null || typeof part !== "object") return [];
  const { column_names } = part as Partial<Expression>;
  if (column_names === undefined) return Object.values(part).flatMap((item) => mentionedColumns(item, bindings));
  const value = columnNamed(part as Expression, bindings);
  return value === null ? [] : [value];
}

/** A truth value: the columns decide it, but their amounts are not in it. */
const decided = (value: Value, carries = false): Value => (carries ? value : { ...value, carried: [] });

/** The column of a FROM that a reference means; null when it has none. */
function columnNamed(reference: Expression, bindings: readonly Binding[]): Value | null {
  const names = (reference.column_names ?? []).map((name) => name.toLowerCase());
  const [first = "", second, third] = names;
  const within = (binding: Binding, name: string): Value | null => {
    if (binding.columns !== null) return binding.columns.get(name) ?? null;
    const refs: readonly Ref[] = [`${binding.first}.${name}`];
    return { refs, carried: refs, plain: refs[0] ?? null, divided: false };
  };
  const named = (alias: string): Binding | undefined => bindings.find((binding) => binding.alias.toLowerCase() === alias);
  const qualified = (alias: string, name: string, parts: number): Value | null => {
    const binding = named(alias);
    const value = binding === undefined ? null : within(binding, name);
    // What follows is a field of the column.
    return value === null || names.length === parts ? value : { ...value, plain: null };
  };
  if (second !== undefined) {
    const value = qualified(first, second, 2) ?? (third === undefined ? null : qualified(second, third, 3));
    if (value !== null) return value;
  }
  const known = bindings.filter((binding) => binding.columns?.has(first));
  const unknown = bindings.filter((binding) => binding.columns === null);
  const [owner] = known.length > 0 ? known : unknown.length === 1 && second === undefined ? unknown : [];
  const value = owner === undefined ? null : within(owner, first);
  return value === null || second === undefined ? value : { ...value, plain: null };
}
