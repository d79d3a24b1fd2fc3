import type { ModelTable } from "../compile/manifest.ts";
import { columnList } from "../define/quote.ts";

/**
 * What a table would hold if it were made anew from its SQL today.
 * `rows`: exactly these · `keys`: at least these keys, as rows that were added once are never computed again · `none`: it cannot be said, and why.
 */
export type FullDefinition =
  | { readonly proves: "rows"; readonly text: string }
  | { readonly proves: "keys"; readonly text: string }
  | { readonly proves: "none"; readonly reason: string };

/** The query that verifies a model of each materialization; its parameters are the model's. */
export function fullDefinition(table: ModelTable): FullDefinition {
  const { kind } = table.materialize;
  switch (kind) {
    case "table":
    case "incremental":
      return { proves: "rows", text: table.select };
    case "append":
      return { proves: "keys", text: `select distinct ${columnList(table.grain)} from (${table.select}) as full_build` };
    case "view":
      return { proves: "none", reason: `${table.name} is a view: it stores no rows that could differ from its SQL` };
    case "snapshot":
      return {
        proves: "none",
        reason: `${table.name} is a snapshot: its history was seen once and cannot be made again from what its SQL yields today`,
      };
    default:
      return kind satisfies never;
  }
}
