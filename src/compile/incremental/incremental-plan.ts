import type { TableName } from "../../terms.ts";

/** How a model follows the changes of its upstreams. Plain data. */
export interface IncrementalPlan {
  readonly by: readonly string[];
  /** One for each base table; views are expanded. */
  readonly upstreams: readonly UpstreamLink[];
  /** The author's SQL with its upstream reads restricted to `"touched"`; null where that cannot be done. */
  readonly spliced: string | null;
  /** Why the result may not be a function of the rows alone. */
  readonly warnings: readonly string[];
}

export type UpstreamLink =
  | { readonly table: TableName; readonly kind: "linked"; readonly touched: string; readonly through: string }
  | { readonly table: TableName; readonly kind: "declared"; readonly touched: string }
  | { readonly table: TableName; readonly kind: "ignored" }
  | { readonly table: TableName; readonly kind: "full"; readonly reason: string };
