import type { Sql } from "./sql.ts";

/** A full build is made in parts, each of them a step of its own. */
export interface ValueChunks {
  /** Distinct values of `by` in a chunk; the last one has what is left. */
  readonly values: number;
  /** Chunks at the same time, if there is room for them. Default: 32. */
  readonly concurrency?: number;
}

/** How a model's rows are kept. */
export type Materialization =
  | { readonly kind: "table" }
  | { readonly kind: "view" }
  | {
      readonly kind: "incremental";
      /** Columns of the model whose values are rebuilt together: a row key or a partition column. */
      readonly by: readonly string[];
      /** Upstream → query of the `by` values its changes touch. */
      readonly touches: Readonly<Record<string, Sql>>;
      /** Upstreams whose changes do not rebuild rows. */
      readonly ignoreChanges: readonly string[];
      /** How a full build is carried out; what it makes does not depend on it. Left out: in one piece. */
      readonly chunks?: ValueChunks;
    }
  | { readonly kind: "append" }
  | {
      readonly kind: "snapshot";
      /** Column with the source's time of the row's version. */
      readonly at: string;
      /** SQL condition over the columns that marks a version as a deletion. */
      readonly deleted: string | null;
      /** What becomes of a key that the SQL no longer yields. */
      readonly missing: "keep" | "close";
    };

export type MaterializationKind = Materialization["kind"];

/** A stored table, rebuilt in full whenever its inputs change. The default. */
export const table = (): Materialization => ({ kind: "table" });

/** A stored query, read through to its upstreams. */
export const view = (): Materialization => ({ kind: "view" });

/**
 * A stored table of which only what changed is rebuilt. The SQL stays the full definition: Assay maps the changed rows of every upstream to
 * the `by` values they touch, runs the definition for those values and replaces their rows, in one transaction. What cannot be mapped is
 * built in full, and `assay plan` says why.
 *
 * `touches` names, for an upstream without a path to `by`, a query of the `by` values its changes touch; it reads the changed rows as
 * `"delta <table>"`, with the table's columns and `_op` (-1 old image, 1 new image). `ignoreChanges` lists upstreams whose changes do not
 * rebuild rows: rows built earlier keep the values they were built with until they are rebuilt for another reason.
 *
 * `chunks` makes a full build in parts of so many values of `by`, which are tried again each by itself, and which workers share.
 *
 * @example
 * import { incremental } from "assay";
 * const daily = incremental({ by: ["revenue_date"] });
 */
export const incremental = (options: {
  readonly by: readonly string[];
  readonly touches?: Readonly<Record<string, Sql>>;
  readonly ignoreChanges?: readonly { readonly name: string }[];
  readonly chunks?: ValueChunks;
}): Materialization => ({
  kind: "incremental",
  by: options.by,
  touches: options.touches ?? {},
  ignoreChanges: (options.ignoreChanges ?? []).map((item) => item.name),
  ...(options.chunks === undefined ? {} : { chunks: options.chunks }),
});

/**
 * A stored table that only grows: rows whose key (the grain) is not there yet are added, one a key; what was added is never computed again
 * or taken out, whatever becomes of the rows it was made from. For logs and events.
 */
export const append = (): Materialization => ({ kind: "append" });

/**
 * A table of versions (SCD type 2). The SQL yields the rows as the source has them, one or many versions a key, with the source's time in
 * `at`; the table adds `valid_from`, `valid_to` (half-open: from ≤ t < to) and `is_current`. The grain names the key; the first version is
 * open at the start ({@link openStart}), the current one at the end ({@link openEnd}). Versions with equal attributes are one; late ones are
 * put in the middle.
 *
 * @example
 * import { snapshot } from "assay";
 * const history = snapshot({ at: "updated_at", deleted: "status = 'deleted'", missing: "close" });
 */
export const snapshot = (options: {
  readonly at: string;
  readonly deleted?: string;
  /** `keep` (default): a key that the SQL no longer yields stays as it is. `close`: its current version ends when the run started. */
  readonly missing?: "keep" | "close";
}): Materialization => ({ kind: "snapshot", at: options.at, deleted: options.deleted ?? null, missing: options.missing ?? "keep" });

/** `valid_from` of a key's first version, UTC. A plain value, so that every engine and BI tool can hold it. */
export const openStart = "0001-01-01 00:00:00";

/** `valid_to` of a key's current version, UTC. */
export const openEnd = "9999-12-31 00:00:00";
