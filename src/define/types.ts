/** Column types and the TypeScript type each one has in a row. */

export type ColumnType =
  | { readonly kind: "varchar" | "boolean" | "smallint" | "integer" | "bigint" | "double" | "date" | "timestamp" | "time" | "json" }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number };

export interface ColumnOptions {
  /** May the value be absent? Default: no. */
  readonly nullable?: boolean;
  readonly description?: string;
  /** Personal or secret: masked in logs, errors and previews. */
  readonly sensitive?: boolean;
}

/** A column of a contract. `Value` exists for TypeScript only. */
export interface Column<Value = unknown> {
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly description: string | null;
  readonly sensitive: boolean;
  /** Never present at run time; carries the row's type. */
  readonly value?: Value;
}

export type Columns = Readonly<Record<string, Column>>;

/** A column with its name, as every room after `define` carries it. */
export interface ContractColumn extends Omit<Column, "value"> {
  readonly name: string;
}

type ValueOf<Value, Options> = Options extends { readonly nullable: true } ? Value | null : Value;

function column<Value, const Options extends ColumnOptions>(
  type: ColumnType,
  options: Options | undefined,
): Column<ValueOf<Value, Options>> {
  return {
    type,
    nullable: options?.nullable ?? false,
    description: options?.description ?? null,
    sensitive: options?.sensitive ?? false,
  };
}

/**
 * Column types. A column is not null unless `nullable: true` says so. Decimals, 64-bit integers, dates and times are strings in a row:
 * no digit is ever lost on the way to JSON.
 *
 * @example
 * import { t } from "assay";
 * const columns = { order_id: t.varchar(), price: t.decimal(10, 2), approved_at: t.timestamp({ nullable: true }) };
 */
export const t = {
  varchar: <const O extends ColumnOptions>(options?: O): Column<ValueOf<string, O>> => column({ kind: "varchar" }, options),
  boolean: <const O extends ColumnOptions>(options?: O): Column<ValueOf<boolean, O>> => column({ kind: "boolean" }, options),
  /** 16-bit integer. */
  smallint: <const O extends ColumnOptions>(options?: O): Column<ValueOf<number, O>> => column({ kind: "smallint" }, options),
  /** 32-bit integer. */
  integer: <const O extends ColumnOptions>(options?: O): Column<ValueOf<number, O>> => column({ kind: "integer" }, options),
  /** 64-bit integer; a string in rows. */
  bigint: <const O extends ColumnOptions>(options?: O): Column<ValueOf<string, O>> => column({ kind: "bigint" }, options),
  /** Exact number of `precision` digits (1–38), `scale` of them after the point; a string in rows. */
  decimal: <const O extends ColumnOptions>(precision: number, scale: number, options?: O): Column<ValueOf<string, O>> =>
    column({ kind: "decimal", precision, scale }, options),
  /** 64-bit binary floating point; not for money. */
  double: <const O extends ColumnOptions>(options?: O): Column<ValueOf<number, O>> => column({ kind: "double" }, options),
  date: <const O extends ColumnOptions>(options?: O): Column<ValueOf<string, O>> => column({ kind: "date" }, options),
  /** Date and time of day in UTC, microseconds. */
  timestamp: <const O extends ColumnOptions>(options?: O): Column<ValueOf<string, O>> => column({ kind: "timestamp" }, options),
  time: <const O extends ColumnOptions>(options?: O): Column<ValueOf<string, O>> => column({ kind: "time" }, options),
  json: <const O extends ColumnOptions>(options?: O): Column<ValueOf<unknown, O>> => column({ kind: "json" }, options),
} as const;

/** The row a contract describes, as JSON carries it. */
export type RowOf<Definition extends { readonly columns: Columns }> = {
  readonly [Name in keyof Definition["columns"]]: Definition["columns"][Name] extends Column<infer Value> ? Value : never;
};
