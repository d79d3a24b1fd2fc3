import { holdsNumbers } from "../../define/holds-numbers.ts";
import type { ColumnType } from "../../define/types.ts";

/** The type as PostgreSQL's `format_type` prints it. `json`, not `jsonb`: the text stays as it was written. */
export function postgresType(type: ColumnType): string {
  switch (type.kind) {
    case "varchar":
      return "text";
    case "double":
      return "double precision";
    case "timestamp":
      return "timestamp without time zone";
    case "time":
      return "time without time zone";
    case "decimal":
      return `numeric(${type.precision},${type.scale})`;
    default:
      return type.kind;
  }
}

/** Can every value of `from` be held by another type `to` without loss? Both as {@link postgresType} spells them. */
export function widens(from: string, to: string): boolean {
  if (to === "text") return /^character(?: varying)?(?:\(\d+\))?$/.test(from);
  const [narrow, wide] = [exactNumber(from), exactNumber(to)];
  return from !== to && narrow !== null && wide !== null && holdsNumbers(narrow, wide);
}

function exactNumber(type: string): ColumnType | null {
  if (type === "smallint" || type === "integer" || type === "bigint") return { kind: type };
  const match = /^numeric\((\d+),(\d+)\)$/.exec(type);
  return match === null ? null : { kind: "decimal", precision: Number(match[1]), scale: Number(match[2]) };
}

/** A cast that rounds or cuts where the types are numbers, and goes by way of text otherwise. */
export function castTo(expression: string, from: string, to: string): string {
  const number = (type: string) => exactNumber(type) !== null || /^(?:numeric|double|real)/.test(type);
  return number(from) && number(to) ? `${expression}::${to}` : `${expression}::text::${to}`;
}
