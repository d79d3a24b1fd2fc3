import type { ColumnType } from "./types.ts";

const integers = ["smallint", "integer", "bigint"];

/** Can every number of type `from` be held by `to`, of the same kind, without loss? Integers hold integers, decimals decimals. */
export function holdsNumbers(from: ColumnType, to: ColumnType): boolean {
  if (from.kind === "decimal" && to.kind === "decimal") {
    return to.precision - to.scale >= from.precision - from.scale && to.scale >= from.scale;
  }
  return integers.includes(from.kind) && integers.indexOf(from.kind) <= integers.indexOf(to.kind);
}
