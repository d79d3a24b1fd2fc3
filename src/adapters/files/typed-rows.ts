import { quoteIdentifier } from "../../define/quote.ts";
import type { ContractColumn } from "../../define/types.ts";
import type { DoorRule, FileReader, Refusal } from "../../ports/source.ts";
import { exactCast, roundingCast, strictCast } from "./exact-text.ts";
import { absentValue, type Misfit, misfitMessage } from "./misfit.ts";

/** How one contract column is made from a row that was read without its type. */
export interface TypedColumn {
  readonly column: ContractColumn;
  /** The value as found, for people; null when it is absent. */
  readonly found: string;
  /** The value in the column's type; null when it does not fit, or not without loss. */
  readonly typed: string;
  /** The same, but fails when it does not fit; it may fail for rare spellings of what fits. */
  readonly strict: string;
  /** What a cast that rounds and cuts makes of it; null when it does not fit at all. */
  readonly rounded: string;
}

/** Rows with their number and raw text, to be typed column by column. */
export interface UntypedRows {
  /** Relation with `_row_number` (from 1), `_raw` (text) and `_broken` (true for what is no row at all). */
  readonly from: string;
  readonly columns: readonly TypedColumn[];
}

/** A row left out, by its number among `UntypedRows`. */
export interface FaultyRow extends Omit<Refusal, "row_number"> {
  readonly number: number;
}

/** A column made from a value's text. */
export function textColumn(column: ContractColumn, text: string): TypedColumn {
  const { type } = column;
  return { column, found: text, typed: exactCast(text, type), strict: strictCast(text, type), rounded: roundingCast(text, type) };
}

/** SELECT of the contract's columns that fails when a value does not fit. */
export function selectStrict({ from, columns }: UntypedRows): string {
  const values = columns.map(({ column, strict }) => `${strict} as ${quoteIdentifier(column.name)}`);
  return `select ${values.join(", ")} from (${from}) where not _broken`;
}

/** SELECT of the contract's columns for the rows that fit, but for those of some numbers. Every value is cast twice. */
export function selectFitting(rows: UntypedRows, without: readonly number[] = []): string {
  const others = without.length === 0 ? "" : ` and _row_number not in (${without.join(", ")})`;
  return `select ${typedValues(rows)} from (${rows.from}) where ${fitting(rows)}${others}`;
}

function typedValues({ columns }: UntypedRows): string {
  return columns.map(({ column, typed }) => `${typed} as ${quoteIdentifier(column.name)}`).join(", ");
}

function fitting({ columns }: UntypedRows): string {
  const fits = columns.map(({ column, found, typed }) =>
    column.nullable ? `(${found} is null or ${typed} is not null)` : `${typed} is not null`,
  );
  return ["not _broken", ...fits].join(" and ");
}

/** Rows that fit and break a rule: the first one gives the reason, the message names all. */
export async function brokenRows(rows: UntypedRows, rules: readonly DoorRule[], reader: FileReader): Promise<readonly FaultyRow[]> {
  const flags = rules.map((rule) => `case when ${rule.broken}\n then '1' else '0' end`).join(" || ");
  const typed = `select _row_number, _raw, ${typedValues(rows)} from (${rows.from}) where ${fitting(rows)}`;
  const text = `select _row_number::double as _row_number, _raw, _rules from (select *, ${flags} as _rules from (${typed}))
    where contains(_rules, '1') order by _row_number`;
  return (await reader.query({ text })).map((row) => {
    const broken = rules.filter((_, place) => String(row._rules)[place] === "1");
    const { reason = "", column = null, rule = "" } = broken[0] ?? {};
    const message = broken.map((item) => item.message).join("; ");
    return { number: Number(row._row_number), raw: textOf(row._raw), column, reason, rule, message };
  });
}

/** Rows that are broken, hold values that do not fit, or lack one in a not-null column. A row that holds and lacks says only what it holds. */
export async function faultyRows({ from, columns }: UntypedRows, reader: FileReader): Promise<readonly FaultyRow[]> {
  const values = columns.flatMap(({ found, typed, rounded }, index) => [
    `(${found})::varchar as _found_${index}`,
    `(${typed}) is null as _unfit_${index}`,
    `(${rounded})::varchar as _rounded_${index}`,
  ]);
  const faults = columns.map(({ column }, index) =>
    column.nullable ? `(_unfit_${index} and _found_${index} is not null)` : `_unfit_${index}`,
  );
  const text = `select * replace (_row_number::double as _row_number)
    from (select _row_number, _raw, _broken, ${values.join(", ")} from (${from}))
    where ${["_broken", ...faults].join(" or ")} order by _row_number`;
  return (await reader.query({ text })).map((row) => faultyRow(row, columns));
}

export function refusalAt({ number: _number, raw, ...fault }: FaultyRow, row_number: number, text = raw): Refusal {
  return { row_number, ...fault, raw: text };
}

function faultyRow(row: Readonly<Record<string, unknown>>, columns: readonly TypedColumn[]): FaultyRow {
  const fault = { number: Number(row._row_number), raw: textOf(row._raw) };
  if (row._broken === true) return { ...fault, column: null, reason: "syntax", message: "the row is not a JSON object" };
  const unfit = columns.flatMap(({ column }, index) => (row[`_unfit_${index}`] === true ? [{ column, index }] : []));
  const misfits = unfit.flatMap(({ column, index }): readonly Misfit[] => {
    const found = textOf(row[`_found_${index}`]);
    return found === null ? [] : [{ column, found, rounded: textOf(row[`_rounded_${index}`]) }];
  });
  const named = misfits[0] ?? unfit.find(({ column }) => !column.nullable);
  const column = named?.column.name ?? null;
  if (misfits.length > 0) return { ...fault, column, reason: "type", message: misfits.map(misfitMessage).join("; ") };
  const absent = unfit.flatMap((each) => (each.column.nullable ? [] : [each.column]));
  return { ...fault, column, reason: "not_null", message: absentValue(absent) };
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
