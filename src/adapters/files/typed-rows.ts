import { columnTypeName } from "../../define/column-type.ts";
import { quoteIdentifier } from "../../define/quote.ts";
import type { ColumnType, ContractColumn } from "../../define/types.ts";
import type { FileReader } from "../../ports/source.ts";
import { typeMismatch } from "./type-mismatch.ts";

/** How one contract column is made from a row that was read without its type. */
export interface TypedColumn {
  readonly column: ContractColumn;
  /** The value as found, for people. */
  readonly found: string;
  /** The value in the column's type; null when it does not fit. */
  readonly typed: string;
  /** Is the value what the column can hold, provided `typed` is not null? */
  readonly exact: string;
}

/** Rows with their number and raw text, to be typed column by column. */
export interface UntypedRows {
  /** Relation with `_row_number` (from 1), `_raw` (text) and `_broken` (true for what is no row at all). */
  readonly from: string;
  readonly columns: readonly TypedColumn[];
}

/** A row that does not fit, or lacks a value. */
export interface FaultyRow {
  readonly number: number;
  readonly raw: string | null;
  readonly broken: boolean;
  readonly columns: readonly ContractColumn[];
  readonly message: string;
}

/** SELECT of the contract's columns for the rows that fit. */
export function selectFitting(rows: UntypedRows): string {
  const values = rows.columns.map(({ column }, index) => `_typed_${index} as ${quoteIdentifier(column.name)}`);
  return `select ${values.join(", ")} from (${typedRows(rows)}) where not _broken and ${allFit(rows)}`;
}

/** Rows that are broken or hold values that do not fit. */
export async function unfitRows(rows: UntypedRows, reader: FileReader): Promise<readonly FaultyRow[]> {
  const found = rows.columns.map((_, index) => `case when _fits_${index} then null else _found_${index} end as _found_${index}`);
  const text = `select _row_number::double as _row_number, _raw, _broken, ${found.join(", ")}
    from (${typedRows(rows)}) where _broken or not (${allFit(rows)}) order by _row_number`;
  return (await reader.query({ text })).map((row) => {
    const faults = rows.columns.flatMap(({ column }, index) => {
      const value = row[`_found_${index}`];
      return value === null || value === undefined ? [] : [{ column, message: typeMismatch(column, String(value)) }];
    });
    const message = faults.map((fault) => fault.message).join("; ");
    return { ...faultyRow(row), columns: faults.map((fault) => fault.column), message };
  });
}

/** Rows that fit but have no value in a not-null column. */
export async function absentRows(rows: UntypedRows, reader: FileReader): Promise<readonly FaultyRow[]> {
  const required = rows.columns.flatMap(({ column }, index) => (column.nullable ? [] : [{ column, flag: `_typed_${index} is null` }]));
  if (required.length === 0) return [];
  const flags = required.map(({ flag }) => `case when ${flag} then '1' else '0' end`).join(" || ");
  const text = `select _row_number::double as _row_number, _raw, _broken, ${flags} as _absent
    from (${typedRows(rows)}) where not _broken and ${allFit(rows)} and (${required.map(({ flag }) => flag).join(" or ")}) order by _row_number`;
  return (await reader.query({ text })).map((row) => {
    const columns = required.filter((_, index) => String(row._absent)[index] === "1").map(({ column }) => column);
    return { ...faultyRow(row), columns, message: "" };
  });
}

function faultyRow(row: Readonly<Record<string, unknown>>): Pick<FaultyRow, "number" | "raw" | "broken"> {
  return { number: Number(row._row_number), raw: row._raw === null ? null : String(row._raw), broken: row._broken === true };
}

function typedRows(rows: UntypedRows): string {
  const values = rows.columns.map(({ found, typed }, index) => `(${found})::varchar as _found_${index}, ${typed} as _typed_${index}`);
  const exact = rows.columns.map((column, index) => `coalesce(${column.exact}, true) as _exact_${index}`);
  const inner = `select _row_number, _raw, _broken, ${[...values, ...exact].join(", ")} from (${rows.from})`;
  const fits = rows.columns.map(
    (_, index) => `(_found_${index} is null or (_typed_${index} is not null and _exact_${index})) as _fits_${index}`,
  );
  return `select *, ${fits.join(", ")} from (${inner})`;
}

const allFit = (rows: UntypedRows): string => rows.columns.map((_, index) => `_fits_${index}`).join(" and ");

/** `value` in a column's type, null when it does not fit. */
export function tryCast(value: string, type: ColumnType): string {
  return `try_cast(${value} as ${columnTypeName(type)})`;
}
