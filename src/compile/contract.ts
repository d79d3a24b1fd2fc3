import { columnTypeName, parseColumnType } from "../define/column-type.ts";
import { nearestName } from "../define/nearest-name.ts";
import { quoteIdentifier } from "../define/quote.ts";
import type { Columns, ColumnType, ContractColumn } from "../define/types.ts";
import { AssayError } from "../errors.ts";
import type { DescribedColumn } from "../ports/engine.ts";
import type { Location, TableName } from "../terms.ts";
import { withoutSemicolon } from "./clauses.ts";
import { same } from "./joins.ts";
import type { OutputColumn } from "./lineage.ts";

export function contractColumns(columns: Columns): readonly ContractColumn[] {
  return Object.entries(columns).map(([name, column]) => ({
    name,
    type: column.type,
    nullable: column.nullable,
    description: column.description,
    sensitive: column.sensitive,
  }));
}

/** The contract of a model that declares none: the SQL's own columns. Throws CONTRACT_MISMATCH for a type no contract can hold. */
export function inferredColumns(
  table: TableName,
  described: readonly DescribedColumn[],
  outputs: readonly OutputColumn[] | null,
  location: Location,
): readonly ContractColumn[] {
  const [twice] = repeatedNames(described);
  if (twice !== undefined) {
    throw new AssayError("CONTRACT_MISMATCH", `${table}: the SQL selects two columns named ${twice}`, {
      hint: "give one of them another name, with as",
      location,
    });
  }
  return described.map((column) => {
    const type = sqlType(column.type);
    if (type === null) {
      throw new AssayError("CONTRACT_MISMATCH", `${table}.${column.name} has the type ${column.type}, which a contract cannot hold`, {
        hint: "cast it in the SQL, e.g. to varchar or json",
        location,
      });
    }
    const nullability = outputs?.find((output) => same(output.name, column.name))?.nullability;
    return { name: column.name, type, nullable: nullability !== "no", description: null, sensitive: false };
  });
}

function repeatedNames(described: readonly DescribedColumn[]): readonly string[] {
  return described
    .filter((column, index) => described.findIndex((item) => same(item.name, column.name)) < index)
    .map((column) => column.name);
}

/** Types a query may yield beyond those of a contract, and the contract type that holds all their values. */
function sqlType(type: string): ColumnType | null {
  if (type === "TINYINT" || type === "UTINYINT") return { kind: "smallint" };
  if (type === "USMALLINT") return { kind: "integer" };
  if (type === "UINTEGER") return { kind: "bigint" };
  if (type === "HUGEINT" || type === "UBIGINT") return { kind: "decimal", precision: 38, scale: 0 };
  if (type === "FLOAT") return { kind: "double" };
  if (type === '"NULL"' || type.startsWith("ENUM")) return { kind: "varchar" };
  return parseColumnType(type);
}

/** Every way in which a model's SQL and its contract disagree. */
export function contractErrors(
  table: TableName,
  contract: readonly ContractColumn[],
  described: readonly DescribedColumn[],
  outputs: readonly OutputColumn[] | null,
  location: Location,
): readonly AssayError[] {
  const mismatch = (message: string, hint: string): AssayError =>
    new AssayError("CONTRACT_MISMATCH", `${table}: ${message}`, { hint, location });
  const found = described.map((column) => column.name);
  const errors: AssayError[] = [];
  for (const column of contract) {
    const actual = described.find((item) => same(item.name, column.name));
    if (actual === undefined) {
      errors.push(mismatch(`the contract has the column ${column.name}, the SQL does not select it`, missingHint(column.name, found)));
      continue;
    }
    const problem = assignmentProblem(actual.type, column.type);
    if (problem !== null)
      errors.push(mismatch(`column ${column.name} is ${columnTypeName(column.type)} in the contract, ${actual.type} in the SQL`, problem));
    const output = outputs?.find((item) => same(item.name, column.name));
    if (!column.nullable && output?.nullability === "yes") {
      const source = output.origin === null ? "" : ` (it is ${output.origin.table}.${output.origin.column}, which can be null here)`;
      errors.push(
        new AssayError("NULLABILITY_MISMATCH", `${table}: column ${column.name} is declared not null but can be null${source}`, {
          hint: "filter it (where … is not null), give it a value (coalesce), or declare it { nullable: true }",
          location,
        }),
      );
    }
  }
  for (const name of repeatedNames(described))
    errors.push(mismatch(`the SQL selects two columns named ${name}`, "give one of them another name, with as"));
  for (const extra of described.filter((item) => !contract.some((column) => same(column.name, item.name)))) {
    errors.push(
      mismatch(
        `the SQL selects ${extra.name} (${extra.type}), the contract does not have it`,
        "add it to the contract or leave it out of the SELECT",
      ),
    );
  }
  return errors;
}

function missingHint(name: string, found: readonly string[]): string {
  const nearest = nearestName(name, found);
  return nearest === null ? `select it, or take it out of the contract; the SQL selects ${found.join(", ")}` : `did you mean ${nearest}?`;
}

const integers = new Set(["TINYINT", "UTINYINT", "SMALLINT", "USMALLINT", "INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "HUGEINT"]);

/**
 * Why a value of the SQL's type cannot be stored in the contract's type, or null when it can. Numbers of one family may be narrowed (the
 * engine refuses a value that does not fit); digits after the point, time of day and exactness are never dropped silently.
 */
export function assignmentProblem(from: string, to: ColumnType): string | null {
  const target = columnTypeName(to);
  if (from === target || from === '"NULL"') return null;
  const cast = `cast it in the SQL (… :: ${target.toLowerCase()}) or change the contract`;
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(from);
  const isInteger = integers.has(from);
  switch (to.kind) {
    case "smallint":
    case "integer":
    case "bigint":
      return isInteger || decimal?.[2] === "0" ? null : cast;
    case "decimal":
      if (isInteger) return null;
      if (decimal === null) return from === "DOUBLE" || from === "FLOAT" ? `${from} is not exact; ${cast}` : cast;
      return Number(decimal[2]) <= to.scale
        ? null
        : `the SQL has ${decimal[2]} digits after the point, the contract ${to.scale}: round it on purpose; ${cast}`;
    case "double":
      return isInteger || decimal !== null || from === "FLOAT" ? null : cast;
    case "timestamp":
      return from === "DATE" || from === "TIMESTAMP_S" || from === "TIMESTAMP_MS" ? null : cast;
    case "varchar":
      return from.startsWith("ENUM") || from === "UUID" ? null : cast;
    case "boolean":
    case "date":
    case "time":
    case "json":
      return cast;
    default:
      return to satisfies never;
  }
}

/**
 * SELECT of exactly the contract's columns, in its order, cast where the SQL's type is another; `described` is empty where types are only
 * known when the query runs.
 */
export function contractSelect(sql: string, contract: readonly ContractColumn[], described: readonly DescribedColumn[]): string {
  const items = contract.map((column) => {
    const name = quoteIdentifier(column.name);
    const actual = described.find((item) => same(item.name, column.name));
    const type = columnTypeName(column.type);
    if (actual?.type !== type) return `cast(${name} as ${type}) as ${name}`;
    return actual.name === column.name ? name : `${name} as ${name}`;
  });
  return `select ${items.join(", ")} from (\n${withoutSemicolon(sql)}\n) as model`;
}
