import type { SqlFragment, TableReference } from "./sql.ts";

/**
 * The condition that joins a row to the version of a snapshot that held at its time: from `valid_from`, up to but not at `valid_to`. Joining
 * a snapshot without it (or an explicit `is_current`) does not compile. `dimension` is the alias the FROM gives the snapshot, or the
 * snapshot itself where it has none; `at` is a SQL expression, usually a timestamp of the row.
 *
 * @example
 * import { asOf, sql } from "assay";
 * const definition = sql`
 *   select o.order_id, h.segment
 *   from silver.orders as o
 *   left join silver.customer_history as h on h.customer_id = o.customer_id and ${asOf("h", "o.ordered_at")}`;
 */
export function asOf(dimension: string | TableReference, at: string): SqlFragment {
  const versions = typeof dimension === "string" ? dimension : dimension.name;
  const time = /^[\w.]+$/.test(at) ? at : `(${at})`;
  return { kind: "fragment", text: `(${time} >= ${versions}.valid_from and ${time} < ${versions}.valid_to)` };
}
