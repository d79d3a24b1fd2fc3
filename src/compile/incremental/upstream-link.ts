import type { TableName } from "../../terms.ts";

/** How a model follows the changes of its upstreams. Plain data. */
export interface IncrementalPlan {
  readonly by: readonly string[];
  /** One for each base table; views are expanded. */
  readonly upstreams: readonly UpstreamLink[];
  readonly splice: Splice;
  /** Why the result may not be a function of the rows alone. */
  readonly warnings: readonly string[];
}

/** The author's SQL with its upstream reads restricted to `"touched"`, or why that cannot be done. */
export type Splice = { readonly text: string } | { readonly why: string };

/** A model's plan and the views it was made through: what they say has to be what is published. */
export interface FollowedChanges extends IncrementalPlan {
  readonly views: readonly { readonly table: TableName; readonly fingerprint: string }[];
}

/**
 * What a change of an upstream means. `touched` is a SELECT of the `by` columns that reads the upstream's `"delta <table>"` and the
 * `"hat <table>"` of each table in `hats`; `full`: such a change needs a full build.
 */
export type UpstreamLink =
  | {
      readonly table: TableName;
      readonly kind: "linked";
      readonly touched: string;
      readonly hats: readonly TableName[];
      /** How rows lead to `by`, in words. */
      readonly through: string;
    }
  | { readonly table: TableName; readonly kind: "declared"; readonly touched: string; readonly hats: readonly TableName[] }
  | { readonly table: TableName; readonly kind: "ignored" }
  | { readonly table: TableName; readonly kind: "full"; readonly reason: string };
