import { determinedBy, determinedColumns, uncertainSources } from "./determined.ts";
import type { Measure } from "./measures.ts";
import { type Rows, sourceOf } from "./rows.ts";

/** A source whose rows repeat those of a measure. */
export interface Repetition {
  readonly source: number;
  /** Its columns that the join fixes. */
  readonly columns: readonly string[];
  /** Sources of the measure. */
  readonly measured: readonly number[];
  /** Each repeats the rows of the other: two branches of one join. */
  readonly mutual: boolean;
}

/**
 * Sources that put a measure's rows together with several rows of their own, as the declared keys say: neither the rows of the measure nor
 * the grouping determine theirs. Where the definitions leave a doubt there is none.
 *
 * A column looked up by the key of its table, which stands after the table it is looked up for (`from items join products`), is a value of
 * that table's row: it may be summed, unless the rows are parts of what is looked up (their key holds its key: `from order_items join
 * orders`); averages and counts may be taken of it anyway.
 */
export function repeatedBy(rows: Rows, { kind, value, within }: Measure): readonly Repetition[] {
  const own = new Set(value.refs.map(sourceOf));
  const carried = [...new Set(value.carried.map(sourceOf))];
  if (own.size === 0 || value.divided) return [];
  const known = determinedBy(rows, { refs: within, sources: own });
  const uncertain = uncertainSources(rows, known);
  if (kind === "average" && carried.every((source) => determinedBy(rows, { refs: within, sources: uncertain }).sources.has(source)))
    return [];
  const settled = determinedBy(rows, { refs: within, sources: [...own, ...uncertain] });
  return rows.sources.flatMap((_, source): readonly Repetition[] => {
    if (settled.sources.has(source)) return [];
    const touches = rows.equalities.some(
      ({ column, from }) => sourceOf(column) === source && from.some((ref) => sourceOf(ref) !== source) && from.every(settled.has),
    );
    const direct = determinedColumns(rows, source, known);
    const columns = direct.length > 0 ? direct : determinedColumns(rows, source, settled);
    // Two columns that are no part of a key may well be a key nobody declared.
    const isPlain = columns.length < 2 || isPartOfKey(rows, source, columns);
    if (!touches || !isPlain) return [];
    const measured = carried.length > 0 ? carried : [...own];
    const reached = determinedBy(rows, { refs: within, sources: [source, ...uncertain] }).sources;
    const isLookup = measured.every((item) => reached.has(item));
    // A table joined to itself makes pairs, and these may be counted.
    const isPair = measured.every((item) => rows.sources[item]?.name === rows.sources[source]?.name);
    if (isPair && kind === "count") return [];
    if (isLookup && isMeantByRow(rows, source, measured, carried.length === 0 ? "condition" : kind)) return [];
    return [{ source, columns, measured, mutual: !isLookup }];
  });
}

function isMeantByRow(rows: Rows, source: number, measured: readonly number[], kind: Measure["kind"] | "condition"): boolean {
  if (kind === "condition") return true;
  if (measured.some((item) => item < source)) return false;
  return kind !== "total" || !measured.some((item) => isPartOf(rows, source, item));
}

/** Does the key of a source hold what joins it to the other, and more? */
function isPartOf(rows: Rows, source: number, whole: number): boolean {
  const columns = determinedColumns(rows, source, determinedBy(rows, { sources: [whole] }));
  return columns.length > 0 && isPartOfKey(rows, source, columns);
}

function isPartOfKey(rows: Rows, source: number, columns: readonly string[]): boolean {
  return rows.sources[source]?.keys.some((key) => columns.length < key.length && columns.every((column) => key.includes(column))) ?? false;
}
