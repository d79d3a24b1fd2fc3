import type { Expression } from "../../ports/syntax-tree.ts";
import { someExpression } from "../tree.ts";
import { columnOf, type Equality, type Ref, type Rows, type Source, sourceOf, type Value, type VersionCondition } from "./rows.ts";

export type ToValue = (expression: Expression) => Value;

export interface Conditions extends Pick<Rows, "equalities" | "picks" | "versions"> {}

/** What conditions that all hold say of the rows they hold for. */
export function readConditions(parts: readonly Expression[], sources: readonly Source[], toValue: ToValue): Conditions {
  const equalities: Equality[] = [];
  const picks: (readonly Ref[])[] = [];
  for (const part of parts) {
    const read = part.type === "COMPARE_EQUAL" ? equalityOf(part, sources, toValue) : null;
    if (read !== null) {
      equalities.push(...read.equalities);
      picks.push(...read.picks);
    } else if (!keepsMany(part, sources, toValue)) {
      const { refs } = toValue(part);
      // Rows without a partner are few, whatever the partner's columns are.
      if (refs.length > 0) picks.push(someExpression(part, asksForAbsence) ? refs.map((ref): Ref => `${sourceOf(ref)}.*`) : refs);
    }
  }
  return { equalities, picks, versions: parts.flatMap((part) => versionConditions(part, sources, toValue)) };
}

function asksForAbsence({ type }: Expression): boolean {
  return ["OPERATOR_IS_NULL", "OPERATOR_COALESCE", "COMPARE_DISTINCT_FROM", "COMPARE_NOT_DISTINCT_FROM"].includes(type);
}

function equalityOf(part: Expression, sources: readonly Source[], toValue: ToValue): Pick<Conditions, "equalities" | "picks"> | null {
  if (part.left === undefined || part.right === undefined) return null;
  const [left, right] = [toValue(part.left), toValue(part.right)];
  const among = new Set([...left.refs, ...right.refs].map(sourceOf));
  const sides = [
    { column: left.plain, from: right.refs },
    { column: right.plain, from: left.refs },
  ].flatMap(({ column, from }) => (column === null ? [] : [{ column, from }]));
  const [side] = sides;
  if (side === undefined) return null;
  if (side.from.length > 0) return among.size < 2 ? null : { equalities: sides, picks: [] };
  const source = sourceOf(side.column);
  const isKey = sources[source]?.keys.some((key) => key.includes(columnOf(side.column))) ?? false;
  // `kind = 'billing'` may be how a row is chosen; a part of the key is chosen by what the key says.
  return { equalities: [side], picks: isKey ? [] : [[`${source}.*`]] };
}

/** Conditions that leave as many rows of a key as there are, as far as one can tell: presence, and bounds of an amount. */
function keepsMany(part: Expression, sources: readonly Source[], toValue: ToValue): boolean {
  const [first] = part.children ?? [];
  if (part.type === "OPERATOR_IS_NOT_NULL") return true;
  if (part.type === "OPERATOR_NOT") return first?.type === "OPERATOR_IS_NULL";
  if (part.class !== "COMPARISON" || part.left === undefined || part.right === undefined) return false;
  const [column, other] = [toValue(part.left), toValue(part.right)].sort((a, b) => b.refs.length - a.refs.length);
  if (column?.plain === null || column === undefined || other === undefined || other.refs.length > 0) return false;
  const { plain } = column;
  const type = sources[sourceOf(plain)]?.columns?.find((item) => item.name.toLowerCase() === columnOf(plain))?.type.kind;
  return type === "decimal" || type === "double";
}

const mirrored: Readonly<Record<string, string>> = {
  COMPARE_GREATERTHANOREQUALTO: "COMPARE_LESSTHANOREQUALTO",
  COMPARE_LESSTHANOREQUALTO: "COMPARE_GREATERTHANOREQUALTO",
  COMPARE_GREATERTHAN: "COMPARE_LESSTHAN",
  COMPARE_LESSTHAN: "COMPARE_GREATERTHAN",
  COMPARE_EQUAL: "COMPARE_EQUAL",
  COMPARE_NOT_DISTINCT_FROM: "COMPARE_NOT_DISTINCT_FROM",
};

function versionConditions(part: Expression, sources: readonly Source[], toValue: ToValue): readonly VersionCondition[] {
  const column = (expression: Expression | undefined): { readonly source: number; readonly name: string } | null => {
    const plain = expression === undefined ? null : toValue(withoutDefault(expression)).plain;
    const source = plain === null ? -1 : sourceOf(plain);
    return plain === null || sources[source]?.history !== true ? null : { source, name: columnOf(plain) };
  };
  if (part.class === "BETWEEN") {
    const found = [part.lower, part.upper].map(column).find((item) => item !== null && isBound(item.name));
    return found === undefined || found === null ? [] : [{ source: found.source, says: "between", at: textOf(part.input) }];
  }
  if (part.class !== "COMPARISON") {
    const own = column(part);
    return own?.name === "is_current" ? [{ source: own.source, says: "current", at: "" }] : [];
  }
  const sides = [
    { own: column(part.left), other: part.right, type: part.type },
    { own: column(part.right), other: part.left, type: mirrored[part.type] ?? "" },
  ];
  return sides.flatMap(({ own, other, type }): readonly VersionCondition[] => {
    const says = own === null || other === undefined ? null : saidOf(own.name, type, other, column(other), toValue);
    const isOwn = column(other)?.source === own?.source;
    return own === null || says === null || isOwn ? [] : [{ source: own.source, says, at: textOf(other) }];
  });
}

function saidOf(
  name: string,
  type: string,
  other: Expression,
  otherColumn: { readonly name: string } | null,
  toValue: ToValue,
): VersionCondition["says"] | null {
  const isEqual = type === "COMPARE_EQUAL" || type === "COMPARE_NOT_DISTINCT_FROM";
  if (name === "is_current") return isEqual && isTrue(other) ? "current" : null;
  if (name === "valid_to" && isEqual) return toValue(other).refs.length === 0 && otherColumn === null ? "current" : null;
  const opposite = otherColumn !== null && isBound(otherColumn.name) && otherColumn.name !== name;
  if (name === "valid_from") {
    if (type === "COMPARE_LESSTHANOREQUALTO") return "starts";
    // Two half-open spans overlap when each starts before the other ends.
    if (type === "COMPARE_LESSTHAN") return opposite ? "overlaps" : "starts_late";
  }
  if (name === "valid_to") {
    if (type === "COMPARE_GREATERTHAN") return opposite ? "overlaps" : "ends";
    if (type === "COMPARE_GREATERTHANOREQUALTO") return "ends_late";
  }
  return null;
}

const isBound = (name: string): boolean => name === "valid_from" || name === "valid_to";

/** `coalesce(valid_to, …)` is `valid_to`: it is never absent. */
function withoutDefault(expression: Expression): Expression {
  const [first] = expression.children ?? [];
  const inner = expression.class === "CAST" ? expression.child : expression.type === "OPERATOR_COALESCE" ? first : undefined;
  return inner ? withoutDefault(inner) : expression;
}

function isTrue({ class: kind, child, value }: Expression): boolean {
  if (kind === "CAST" && child !== undefined) return isTrue(child);
  return kind === "CONSTANT" && (value?.value === true || value?.value === "t" || value?.value === "true");
}

/** Equal for expressions that are written alike, whatever their place. */
function textOf(expression: Expression | undefined): string {
  return JSON.stringify(expression, (key, value: unknown) =>
    key === "query_location" || key === "alias" ? undefined : value,
  ).toLowerCase();
}
