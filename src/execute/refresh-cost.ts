import type { BuildCost } from "../ports/state-store.ts";

/** Touched values beyond this share of all are not worth restricting the upstreams' reads for. */
export const spliceShare = 0.5;

/**
 * Would refreshing take longer than building in full? In full builds' time, with its checks, ledger and comparison, a refresh costs about
 * 0.1 + 2 · share · (1 + rows out / rows in). Measured on DuckDB 1.5: 6.7 million rows of 14 million (0.12 at a share of 0.01), and
 * tables of Nova Retail (0.29 to 0.47 at shares of 0.12 to 0.18); see docs/design/incremental.md.
 *
 * `share`: touched values of all, 0 to 1 · `rowsOut`: rows of the table.
 */
export function refreshIsDearer(share: number, cost: BuildCost, rowsOut: number): boolean {
  return 0.1 + 2 * share * (1 + rowsOut / Math.max(1, cost.rows_in)) > 1;
}
