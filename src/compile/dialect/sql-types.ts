/** What types have in common as far as carrying them over goes. */
export type Family = "integer" | "decimal" | "double" | "text" | "boolean" | "date" | "timestamp" | "time" | "interval" | "json" | "null";

const families: Readonly<Record<string, Family>> = {
  TINYINT: "integer",
  SMALLINT: "integer",
  INTEGER: "integer",
  BIGINT: "integer",
  HUGEINT: "integer",
  FLOAT: "double",
  DOUBLE: "double",
  VARCHAR: "text",
  BOOLEAN: "boolean",
  DATE: "date",
  TIMESTAMP: "timestamp",
  TIME: "time",
  INTERVAL: "interval",
  JSON: "json",
  '"NULL"': "null",
  NULL: "null",
};

/** Family of a type as DuckDB prints it; null for types that are not carried over. */
export function familyOf(type: string | null): Family | null {
  if (type === null) return null;
  if (/^DECIMAL\(\d+,\d+\)$/.test(type)) return "decimal";
  return Object.hasOwn(families, type) ? (families[type] ?? null) : null;
}

const names: Readonly<Record<string, string>> = {
  TINYINT: "smallint",
  HUGEINT: "numeric(38,0)",
  FLOAT: "real",
  DOUBLE: "double precision",
  VARCHAR: "text",
  '"NULL"': "integer",
  NULL: "integer",
};

/** PostgreSQL's type for one of a known family. */
export function postgresTypeName(type: string): string {
  const decimal = /^DECIMAL(\(\d+,\d+\))$/.exec(type);
  if (decimal !== null) return `numeric${decimal[1]}`;
  return names[type] ?? type.toLowerCase();
}

/** Digits after the point of a decimal; 0 for other types. */
export function scaleOf(type: string | null): number {
  return Number(/^DECIMAL\(\d+,(\d+)\)$/.exec(type ?? "")?.[1] ?? 0);
}

const groups: readonly (readonly Family[])[] = [
  ["integer", "decimal", "double"],
  ["date", "timestamp"],
  ["text"],
  ["boolean"],
  ["time"],
  ["interval"],
];

/** Do both engines compare, join and union these without a cast that the author did not write? */
export function comparable(left: Family, right: Family): boolean {
  return left === "null" || right === "null" || groups.some((group) => group.includes(left) && group.includes(right));
}
