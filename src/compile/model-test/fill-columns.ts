import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { ColumnType, ContractColumn } from "../../define/types.ts";
import { AssayError } from "../../errors.ts";
import type { Location, TableName } from "../../terms.ts";
import { withoutSemicolon } from "../clauses.ts";
import { same } from "../joins.ts";
import type { ManifestTable } from "../manifest.ts";
import type { Fixture } from "./fixture.ts";
import { cellOf } from "./fixture-select.ts";

/** A column that a test left out, and what it got. */
export interface FilledColumn {
  readonly table: TableName;
  readonly column: string;
  /** Null for a nullable column. */
  readonly value: string | null;
}

/** The rows with a value in every column: null where that is allowed, else a neutral one. Throws TEST_INVALID for a part of the key. */
export function filledFixture(
  table: ManifestTable,
  known: readonly ContractColumn[],
  fixture: Fixture,
  label: string,
  location: Location,
): { readonly fixture: Fixture; readonly filled: readonly FilledColumn[] } {
  if (fixture.kind === "rows" && fixture.rows.length === 0) return { fixture, filled: [] };
  const written = (column: ContractColumn, cells: ReadonlyMap<string, unknown>): boolean =>
    [...cells.keys()].some((name) => same(name, column.name));
  const isAbsent = (column: ContractColumn): boolean =>
    fixture.kind === "sql" ? !known.includes(column) : fixture.rows.some((row) => !written(column, row.cells));
  const absent = table.columns.filter(isAbsent);
  const key = absent.find((column) => table.grain.some((name) => same(name, column.name)));
  if (key !== undefined) {
    throw new AssayError("TEST_INVALID", `${label}: rows of ${table.name} leave out ${key.name}, which is part of its key`, {
      hint: `a key is never filled in: give every row a value of ${key.name}`,
      location,
    });
  }
  const filled = absent.map((column) => ({ table: table.name, column: column.name, value: column.nullable ? null : neutral(column.type) }));
  if (fixture.kind === "sql") return { fixture: { kind: "sql", text: completedSql(fixture.text, absent) }, filled };
  const rows = fixture.rows.map((row) => ({
    ...row,
    cells: new Map(
      table.columns.map((column): [string, string | null] => {
        const value = column.nullable ? null : neutral(column.type);
        return [column.name, written(column, row.cells) ? cellOf(row, column.name) : value];
      }),
    ),
  }));
  return { fixture: { kind: "rows", rows }, filled };
}

function completedSql(text: string, absent: readonly ContractColumn[]): string {
  if (absent.length === 0) return text;
  const values = absent.map((column) => {
    const value = column.nullable ? "null" : quoteText(neutral(column.type));
    return `cast(${value} as ${columnTypeName(column.type)}) as ${quoteIdentifier(column.name)}`;
  });
  return `select *, ${values.join(", ")} from (${withoutSemicolon(text)}\n) as written`;
}

function neutral(type: ColumnType): string {
  switch (type.kind) {
    case "varchar":
      return "";
    case "boolean":
      return "false";
    case "date":
      return "1970-01-01";
    case "timestamp":
      return "1970-01-01 00:00:00";
    case "time":
      return "00:00:00";
    case "json":
      return "{}";
    default:
      return "0";
  }
}
