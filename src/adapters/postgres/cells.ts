import type { DescribedColumn } from "../../ports/engine.ts";

/** Reads values as JSON carries them: small integers, doubles and booleans as such, everything else as the server's text. */
export const cellTypes = {
  getTypeParser: (oid: number) => readers.get(oid) ?? ((text: string) => text),
};

const finite = (text: string): number | string => (Number.isFinite(Number(text)) ? Number(text) : text);

const readers = new Map<number, (text: string) => string | number | boolean>([
  [16, (text) => text === "t"],
  [21, Number],
  [23, Number],
  [26, Number],
  [700, finite],
  [701, finite],
]);

/** Types that a contract has, by the server's ids, under the contract's names. */
const names = new Map<number, string>([
  [16, "BOOLEAN"],
  [20, "BIGINT"],
  [21, "SMALLINT"],
  [23, "INTEGER"],
  [25, "VARCHAR"],
  [114, "JSON"],
  [701, "DOUBLE"],
  [1043, "VARCHAR"],
  [1082, "DATE"],
  [1083, "TIME"],
  [1114, "TIMESTAMP"],
  [3802, "JSON"],
]);

/** A result's column, its type named as contracts name it; one that none can have by the server's id. */
export function describedColumn(field: {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}): DescribedColumn {
  const { name, dataTypeID, dataTypeModifier } = field;
  if (dataTypeID !== 1700) return { name, type: names.get(dataTypeID) ?? `type ${dataTypeID}` };
  // Precision and scale stand in one number; without them there is no limit.
  const digits = dataTypeModifier - 4;
  return { name, type: dataTypeModifier < 0 ? "NUMERIC" : `DECIMAL(${(digits >> 16) & 0xffff},${digits & 0x7ff})` };
}
