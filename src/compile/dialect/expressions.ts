import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier } from "../../define/quote.ts";
import { functionSchema } from "../../ports/project-function.ts";
import type { EngineFunction } from "../../ports/sql-dialect.ts";
import type { Expression } from "../../ports/syntax-tree.ts";
import { aggregateCall, windowCall } from "./aggregates.ts";
import { isAggregate, lowerName } from "./carry.ts";
import { castName, castRule } from "./cast-rules.ts";
import { applied, argumentOf, type Place } from "./place.ts";
import { type Argument, familyOfArgument, inByteOrder } from "./rule.ts";
import { adviceFor, scalarName, scalarRules } from "./scalar-rules.ts";
import { changedChildren } from "./scope.ts";
import { comparable, familyOf, postgresTypeName } from "./sql-types.ts";
import { constantOf } from "./tree-builders.ts";
import { tryCastRule } from "./try-cast-rules.ts";

/** Every expression in it that a rule may ask the type of. */
export function typedParts(expression: Expression): readonly Expression[] {
  const found: Expression[] = [expression];
  changedChildren(expression, (child) => {
    found.push(...typedParts(child));
    return child;
  });
  return found;
}

/** The expression in the target's SQL; what cannot be carried over is noted and left as it is. */
export async function carried(expression: Expression, place: Place): Promise<Expression> {
  const { carry } = place;
  switch (expression.class) {
    case "CONSTANT":
      return constant(expression, place);
    case "COLUMN_REF":
      return column(expression, place);
    case "PARAMETER": {
      const type = place.types.get(expression) ?? null;
      if (familyOf(type) === null) return carry.refuse(expression, `parameter $${expression.identifier}`, "give it a type with a cast");
      carry.used("parameter");
      return carry.fragments.placeholder(`cast($1 as ${postgresTypeName(type ?? "")})`, [expression]);
    }
    case "CAST":
      return cast(expression, place);
    case "FUNCTION":
      return call(expression, place);
    case "WINDOW":
      return windowCall(expression, place);
    case "COMPARISON":
    case "BETWEEN":
      return comparison(expression, place);
    case "OPERATOR":
    case "CASE":
    case "CONJUNCTION":
      return operator(expression, place);
    case "SUBQUERY":
      return subquery(expression, place);
    // `document -> 'key'` is told from a lambda by its types alone.
    case "LAMBDA":
      return carry.refuse(expression, "operator ->", adviceFor("->"));
    default:
      return carry.refuse(expression, expression.class.toLowerCase().replaceAll("_", " "), adviceFor(""));
  }
}

/** The expressions directly below it carried over. */
async function withChildren(expression: Expression, place: Place): Promise<Expression> {
  const children: Expression[] = [];
  changedChildren(expression, (child) => {
    children.push(child);
    return child;
  });
  const changed = new Map<Expression, Expression>();
  for (const child of children) changed.set(child, { ...(await carried(child, place)), alias: "" });
  return changedChildren(expression, (child) => changed.get(child) ?? child);
}

function constant(expression: Expression, { carry }: Place): Expression {
  const { type } = (expression.value ?? {}) as { readonly type?: { readonly id: string } };
  const known = ["VARCHAR", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "DOUBLE", "BOOLEAN", "NULL"].includes(type?.id ?? "");
  return known ? expression : carry.refuse(expression, `constant of type ${type?.id}`, "write it as text with a cast");
}

/** Words that are values where no column has the name. */
const words = new Set(["current_date", "current_timestamp", "current_time", "localtimestamp", "localtime", "current_user", "user"]);

function column(expression: Expression, { carry, columns }: Place): Expression {
  const names = (expression.column_names ?? []).map(lowerName);
  const [only = ""] = names;
  if (names.length === 1 && !columns.has(only) && (words.has(only) || only === "rowid")) {
    return carry.refuse(expression, only, only === "rowid" ? "use the table's key" : adviceFor("now"));
  }
  return { ...expression, column_names: names.slice(-2) } as Expression;
}

async function cast(expression: Expression, place: Place): Promise<Expression> {
  const { child, try_cast: isTry = false } = expression;
  const to = place.types.get(expression) ?? null;
  if (child === undefined || to === null) return place.carry.refuse(expression, "cast", "its type is not known: name the columns in it");
  const before = place.carry.refused.length;
  const argument = argumentOf(child, await carried(child, place), place);
  if (place.carry.refused.length > before) return expression;
  const outcome = isTry ? tryCastRule(argument, to) : castRule(argument, to);
  return applied(outcome, expression, [argument.tree], castName(argument, to, isTry), place);
}

async function call(expression: Expression, place: Place): Promise<Expression> {
  const name = (expression.function_name ?? "").toLowerCase();
  const own = (expression as { readonly schema?: string }).schema === functionSchema ? place.carry.projectFunction(name) : undefined;
  if (own !== undefined) return projectCall(expression, own, place);
  if (isAggregate(name)) return aggregateCall(expression, place);
  const construct = scalarName(name);
  const rule = Object.hasOwn(scalarRules, name) ? scalarRules[name] : undefined;
  if (rule === undefined) return place.carry.refuse(expression, construct, adviceFor(name));
  const args: Argument[] = [];
  const before = place.carry.refused.length;
  for (const child of expression.children ?? []) args.push(argumentOf(child, await carried(child, place), place));
  if (place.carry.refused.length > before) return expression;
  const outcome = rule({ name, args, result: place.types.get(expression) ?? null });
  return applied(
    outcome,
    expression,
    args.map((argument) => argument.tree),
    construct,
    place,
  );
}

/** A function of the project; its arguments have the types that it declares, as in DuckDB. */
async function projectCall(expression: Expression, { schema, call: name, params }: EngineFunction, place: Place): Promise<Expression> {
  const { carry, types } = place;
  const args: Expression[] = [];
  for (const [index, child] of (expression.children ?? []).entries()) {
    const before = carry.refused.length;
    const argument = argumentOf(child, await carried(child, place), place);
    const param = params[index];
    if (carry.refused.length > before || param === undefined) return expression;
    const to = columnTypeName(param.type);
    const isSame = types.get(child) === to;
    args.push(isSame ? argument.tree : applied(castRule(argument, to), child, [argument.tree], castName(argument, to, false), place));
  }
  const holes = args.map((_, index) => `$${index + 1}`);
  return carry.fragments.placeholder(`${quoteIdentifier(schema)}.${quoteIdentifier(name)}(${holes.join(", ")})`, args);
}

export const comparisons: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: "=",
  COMPARE_NOTEQUAL: "<>",
  COMPARE_LESSTHAN: "<",
  COMPARE_GREATERTHAN: ">",
  COMPARE_LESSTHANOREQUALTO: "<=",
  COMPARE_GREATERTHANOREQUALTO: ">=",
  COMPARE_DISTINCT_FROM: "IS DISTINCT FROM",
  COMPARE_NOT_DISTINCT_FROM: "IS NOT DISTINCT FROM",
  COMPARE_BETWEEN: "BETWEEN",
};

async function comparison(expression: Expression, place: Place): Promise<Expression> {
  const { left, right, input, lower, upper, type } = expression;
  const sides = [left, right, input, lower, upper].filter((side) => side !== undefined);
  const construct = comparisons[type] ?? type;
  const before = place.carry.refused.length;
  const changed = await withChildren(expression, place);
  if (place.carry.refused.length > before) return expression;
  const misfit = differentFamilies(sides, place);
  if (misfit !== null) return place.carry.refuse(expression, `${misfit} with ${construct}`, "cast both sides to one type");
  place.carry.used(construct);
  if (construct === "IS NOT DISTINCT FROM" && isOneType(sides, place))
    return hashableSame(changed, place.types.get(sides[0] as Expression) ?? "", place);
  const isText = sides.every((side) => ["text", "null"].includes(familyOf(place.types.get(side) ?? null) ?? ""));
  if (!isText || !/[<>]|BETWEEN/.test(construct) || construct === "<>") return changed;
  const first = changed.left ?? changed.input;
  if (first === undefined) return changed;
  const collated = place.carry.fragments.placeholder(inByteOrder("$1"), [first]);
  return { ...changed, [changed.left === undefined ? "input" : "left"]: collated } as Expression;
}

const isOneType = ([left, right]: readonly Expression[], { types }: Place): boolean =>
  left !== undefined && right !== undefined && types.get(left) === types.get(right) && familyOf(types.get(left) ?? null) !== "null";

/** PostgreSQL answers `is not distinct from` by looking at every pair of rows; arrays hash, and nulls in them are equal. */
function hashableSame({ left, right }: Expression, type: string, { carry }: Place): Expression {
  const sides = [left, right].flatMap((side) => (side === undefined ? [] : [{ ...side, alias: "" }]));
  const [one, other] = ["$1", "$2"].map((hole) => `array[cast(${hole} as ${postgresTypeName(type)})]`);
  return carry.fragments.placeholder(`${one} = ${other}`, sides);
}

/** Two families that are not compared in the same way; null when all are. A date may stand as text if it is a constant. */
function differentFamilies(sides: readonly Expression[], place: Place): string | null {
  const types = sides.map((side) => ({ side, type: place.types.get(side) ?? null }));
  for (const { side, type } of types) {
    if (familyOf(type) === null) return type === null ? "a value of unknown type" : `values of type ${type}`;
    const other = types.find((item) => !fits(side, type, item.side, item.type));
    if (other !== undefined) return `${type} and ${other.type}`;
  }
  return null;
}

function fits(left: Expression, leftType: string | null, right: Expression, rightType: string | null): boolean {
  const [a, b] = [familyOf(leftType), familyOf(rightType)];
  if (a === null || b === null) return false;
  if (a === "json" || b === "json") return a === "null" || b === "null";
  return comparable(a, b) || isDayText(left, a, b) || isDayText(right, b, a);
}

function isDayText(expression: Expression, family: string, other: string): boolean {
  const text = constantOf(expression);
  const isDay = typeof text === "string" && /^\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2})?$/.test(text);
  return family === "text" && isDay && (other === "date" || other === "timestamp");
}

export const operators: Readonly<Record<string, string>> = {
  OPERATOR_NOT: "NOT",
  OPERATOR_IS_NULL: "IS NULL",
  OPERATOR_IS_NOT_NULL: "IS NOT NULL",
  OPERATOR_COALESCE: "coalesce",
  COMPARE_IN: "IN (list)",
  COMPARE_NOT_IN: "IN (list)",
  CASE_EXPR: "CASE",
  CONJUNCTION_AND: "AND",
  CONJUNCTION_OR: "OR",
};

async function operator(expression: Expression, place: Place): Promise<Expression> {
  const construct = Object.hasOwn(operators, expression.type) ? operators[expression.type] : undefined;
  if (construct === undefined) {
    return place.carry.refuse(expression, expression.type.toLowerCase().replaceAll("_", " "), adviceFor("[]"));
  }
  const before = place.carry.refused.length;
  const changed = await withChildren(expression, place);
  if (place.carry.refused.length > before) return expression;
  const alike = ["coalesce", "IN (list)"].includes(construct) ? (expression.children ?? []) : branches(expression);
  const misfit = differentFamilies(alike, place);
  if (misfit !== null) return place.carry.refuse(expression, `${misfit} in one ${construct}`, "cast them to one type");
  place.carry.used(construct);
  return changed;
}

/** Values of a CASE. */
function branches(expression: Expression): readonly Expression[] {
  if (expression.class !== "CASE") return [];
  const values = (expression.case_checks ?? []).map((item) => item.then_expr);
  return [...values, ...(expression.else_expr === undefined ? [] : [expression.else_expr])];
}

export const subqueries: Readonly<Record<string, string>> = {
  SCALAR: "scalar subquery",
  EXISTS: "EXISTS",
  NOT_EXISTS: "EXISTS",
  ANY: "IN (subquery)",
};

async function subquery(expression: Expression, place: Place): Promise<Expression> {
  const { subquery_type: kind = "", subquery: inner, comparison_type: compared } = expression;
  const child = expression.child ?? undefined;
  const construct = Object.hasOwn(subqueries, kind) ? subqueries[kind] : undefined;
  if (construct === undefined || inner === undefined || (kind === "ANY" && compared !== "COMPARE_EQUAL")) {
    return place.carry.refuse(expression, "a comparison with ANY or ALL", "compare with min() or max() of the subquery");
  }
  if (kind === "ANY" && child !== undefined) {
    const [only] = (await place.scope.within(place.from).describe(inner.node)) ?? [];
    const families = [familyOfArgument(argumentOf(child, child, place)), familyOf(only?.type ?? null)] as const;
    if (families[0] === null || families[1] === null || !comparable(families[0], families[1]) || families.includes("json")) {
      return place.carry.refuse(expression, `values of different types in ${construct}`, "cast both to one type");
    }
  }
  place.carry.used(construct);
  const node = await place.subquery(inner.node);
  const value = child === undefined ? {} : { child: { ...(await carried(child, place)), alias: "" } };
  return { ...expression, ...value, subquery: { ...inner, node } } as Expression;
}
