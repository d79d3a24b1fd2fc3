import type { BuildCost } from "../ports/state-store.ts";

/** Touched values beyond this share of all are not worth restricting the upstreams' reads for. */
export const spliceShare = 0.5;

/**
 * Would refreshing take longer than building in full? In full builds' time a refresh costs about 0.2 + 1.7 · share + 9 · share ·
 * rows out / rows in (measured on DuckDB 1.5: finding, restricting, comparing, replacing; docs/design/incremental.md).
 *
 * `share`: touched values of all, 0 to 1 · `rowsOut`: rows of the table.
 */
export function refreshIsDearer(share: number, cost: BuildCost, rowsOut: number): boolean {
  return 0.2 + 1.7 * share + (9 * share * rowsOut) / Math.max(1, cost.rows_in) > 1;
}
