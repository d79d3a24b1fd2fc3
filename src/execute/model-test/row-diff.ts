import type { CompiledExpectation } from "../../compile/model-test/compile-model-test.ts";
import type { Cell, Row } from "../../ports/engine.ts";

/** How a table differs from the rows a test expects; numbers count all rows, lists may be cut. */
export interface RowDiff {
  /** Columns compared. */
  readonly columns: readonly string[];
  /** Those of them that tell rows apart. */
  readonly key: readonly string[];
  readonly expected_rows: number;
  readonly actual_rows: number;
  readonly equal_rows: number;
  /** Expected, not there. */
  readonly missing: readonly Row[];
  /** There, not expected. */
  readonly unexpected: readonly Row[];
  /** The same key, other values. */
  readonly changed: readonly { readonly expected: Row; readonly actual: Row }[];
  /** Rows that differ and are in none of the lists. */
  readonly not_listed: number;
  /** At least the expected rows were asked for. */
  readonly partial: boolean;
  /** Where the rows are right and their order is not: the first place, from 1, with another row; null: not asked for, or not known. */
  readonly misplaced: { readonly row: number; readonly expected: Row; readonly actual: Row } | null;
}

interface Sides {
  readonly missing: readonly Row[];
  readonly unexpected: readonly Row[];
}

/** Rows of both sides that have the same key, which no other row of their side has. */
export function pairedByKey(
  { missing, unexpected }: Sides,
  { key, partial }: CompiledExpectation,
): Pick<RowDiff, "missing" | "unexpected" | "changed"> {
  const byKey = (rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> =>
    Map.groupBy(rows, (row) => JSON.stringify(key.map((name): Cell => row[name] ?? null)));
  const [expected, actual] =
    key.length === 0 ? [new Map<string, readonly Row[]>(), new Map<string, readonly Row[]>()] : [byKey(missing), byKey(unexpected)];
  const changed = [...expected].flatMap(([value, [row, ...others]]) => {
    const [found, ...more] = actual.get(value) ?? [];
    return row !== undefined && found !== undefined && others.length === 0 && more.length === 0 ? [{ expected: row, actual: found }] : [];
  });
  const paired = new Set(changed.flatMap((pair) => [pair.expected, pair.actual]));
  return {
    missing: missing.filter((row) => !paired.has(row)),
    unexpected: partial ? [] : unexpected.filter((row) => !paired.has(row)),
    changed,
  };
}
