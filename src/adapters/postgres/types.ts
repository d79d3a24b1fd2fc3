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

const integers = ["smallint", "integer", "bigint"];

/** Can every value of `from` be held by `to` without loss? Both as {@link postgresType} spells them. */
export function widens(from: string, to: string): boolean {
  if (integers.includes(from) && integers.includes(to)) return integers.indexOf(from) < integers.indexOf(to);
  if (to === "text") return /^character(?: varying)?(?:\(\d+\))?$/.test(from);
  const [narrow, wide] = [digitsOf(from), digitsOf(to)];
  return narrow !== null && wide !== null && wide.scale >= narrow.scale && wide.integer >= narrow.integer;
}

function digitsOf(type: string): { readonly integer: number; readonly scale: number } | null {
  const match = /^numeric\((\d+),(\d+)\)$/.exec(type);
  return match === null ? null : { integer: Number(match[1]) - Number(match[2]), scale: Number(match[2]) };
}

/** A cast that rounds or cuts where the types are numbers, and goes by way of text otherwise. */
export function castTo(expression: string, from: string, to: string): string {
  const number = (type: string) => integers.includes(type) || /^(?:numeric|double|real)/.test(type);
  return number(from) && number(to) ? `${expression}::${to}` : `${expression}::text::${to}`;
}
