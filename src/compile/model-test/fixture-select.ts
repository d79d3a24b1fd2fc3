import { columnTypeName } from "../../define/column-type.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ColumnType, ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { Location, TableName } from "../../terms.ts";
import { withoutSemicolon } from "../clauses.ts";
import { same } from "../joins.ts";
import { tableReferences } from "../references.ts";
import type { Fixture, FixtureRow } from "./fixture.ts";

/** Rows of a test as a query of typed columns. */
export interface FixtureSelect {
  readonly table: TableName;
  /** In the order in which they were written; for a SELECT, the order it gives. */
  readonly columns: readonly ContractColumn[];
  readonly select: string;
  /** Number of rows; null where only the engine can tell. */
  readonly records: number | null;
  /** Query of `_row` (from 1), `_column` and `_value` of the values that do not fit; null: proved already. */
  readonly misfits: string | null;
  readonly locations: readonly Location[];
  readonly location: Location;
}

/** Query of a fixture, its values cast to the types of the columns. Values the engine has to judge are left to `misfits`. */
export function rowsSelect(table: TableName, columns: readonly ContractColumn[], fixture: Fixture, location: Location): FixtureSelect {
  if (fixture.kind === "sql") return sqlSelect(table, columns, fixture.text, location);
  const { rows } = fixture;
  if (rows.length === 0) {
    const empty = columns.map((column) => `cast(null as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
    const select = `select ${empty.join(", ")} where false`;
    return { table, columns, select, records: 0, misfits: null, locations: [], location };
  }
  const cells = rows.map((row) => columns.map((column) => cellOf(row, column.name)));
  const lines = cells.map((row, index) => `(${[index + 1, ...row.map((cell) => (cell === null ? "null" : quoteText(cell)))].join(", ")})`);
  const names = columns.map((_, index) => `c${index}`);
  const from = `(values ${lines.join(", ")}) as fixture(_row, ${names.join(", ")})`;
  const typed = columns.map((column, index) => `cast(c${index} as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`);
  return {
    table,
    columns,
    select: `select ${typed.join(", ")} from ${from} order by _row`,
    records: rows.length,
    misfits: misfitsOf(columns, names, from, false),
    locations: rows.map((row) => row.location),
    location,
  };
}

function sqlSelect(table: TableName, columns: readonly ContractColumn[], text: string, location: Location): FixtureSelect {
  const query = `(${withoutSemicolon(text)}\n)`;
  const names = columns.map((column) => quoteIdentifier(column.name));
  const typed = columns.map((column, index) => `cast(${names[index]} as ${columnTypeName(column.type)}) as ${names[index]}`);
  const from = `(select row_number() over () as _row, * from ${query} as written) as fixture`;
  return {
    table,
    columns,
    select: `select ${typed.join(", ")} from ${query} as written`,
    records: null,
    misfits: misfitsOf(columns, names, from, true),
    locations: [],
    location,
  };
}

/** The value under a name that may be written in another case. */
export function cellOf(row: FixtureRow, name: string): string | null {
  const exact = row.cells.get(name);
  if (exact !== undefined) return exact;
  for (const [key, value] of row.cells) if (same(key, name)) return value;
  return null;
}

function misfitsOf(columns: readonly ContractColumn[], names: readonly string[], from: string, present: boolean): string | null {
  const cases = columns.flatMap((column, index) => {
    const name = names[index] ?? "";
    const type = columnTypeName(column.type);
    const json = column.type.kind === "json" ? ` or not json_valid(${name}::varchar)` : "";
    const absent = present && !column.nullable ? [`when ${name} is null then ${index}`] : [];
    if (column.type.kind === "varchar") return absent;
    return [...absent, `when ${name} is not null and (try_cast(${name} as ${type}) is null${json}) then ${index}`];
  });
  if (cases.length === 0) return null;
  const value = names.map((name, index) => `when ${index} then ${name}::varchar`).join(" ");
  return `select _row, _column, case _column ${value} end as _value
    from (select *, case ${cases.join(" ")} end as _column from ${from}) where _column is not null order by _row limit 1`;
}

/** Names of the columns a fixture has, in the order in which they were written. Throws TEST_INVALID for SQL that does not bind. */
export async function writtenColumns(
  fixture: Fixture,
  label: string,
  location: Location,
  analyzer: Pick<SqlAnalyzer, "describe" | "parse">,
): Promise<readonly string[]> {
  if (fixture.kind === "rows") return [...new Set(fixture.rows.flatMap((row) => [...row.cells.keys()]))];
  const refuse = (problem: string): AssayError =>
    new AssayError("TEST_INVALID", `${label}: the SQL of its rows ${problem}`, {
      hint: "write one SELECT that reads none of the project's tables, e.g. select 1 as order_id",
      location,
    });
  const text = withoutSemicolon(fixture.text);
  const [parsed] = await analyzer.parse([text]);
  if (parsed === undefined || "failure" in parsed) throw refuse(`does not parse: ${parsed?.failure.message ?? ""}`);
  const read = tableReferences(parsed.tree.node).find((reference) => /^(?:bronze|silver|gold)\./i.test(reference.name));
  if (read !== undefined) throw refuse(`reads ${read.name}`);
  const outcome = await analyzer.describe(text, {});
  if ("failure" in outcome) throw refuse(`does not bind: ${outcome.failure.message}`);
  return outcome.columns.map((column) => column.name);
}

/** The contract's columns of the names written. Throws COLUMN_UNKNOWN. */
export function knownColumns(
  table: TableName,
  columns: readonly ContractColumn[],
  written: readonly string[],
  label: string,
  location: Location,
): readonly ContractColumn[] {
  return written.map((name) => {
    const column = columns.find((item) => same(item.name, name));
    if (column !== undefined) return column;
    const known = columns.map((item) => item.name);
    throw new AssayError("COLUMN_UNKNOWN", `${label}: ${table} has no column ${name}`, { hint: didYouMean(name, known), location });
  });
}

const whole = /^[+-]?\d+$/;

/** Why a text cannot stand for a value of the type without losing something; null when it can, as far as its form tells. */
export function misfit(text: string, type: ColumnType): string | null {
  const no = `${JSON.stringify(text)} is no ${columnTypeName(type)}`;
  switch (type.kind) {
    case "smallint":
    case "integer":
    case "bigint":
      return whole.test(text) ? null : no;
    case "decimal": {
      const match = /^[+-]?\d*(?:\.(\d*?)0*)?$/.exec(text);
      if (match === null) return no;
      return (match[1] ?? "").length > type.scale ? `${text} has more than ${type.scale} digits after the point` : null;
    }
    case "date":
      return /[:T]/.test(text) ? `${no}: it has a time of day` : null;
    case "boolean":
      return text === "true" || text === "false" ? null : no;
    default:
      return null;
  }
}
