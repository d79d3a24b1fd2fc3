import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import { divertingRules, keeps } from "./door-rules.ts";
import { snapshotTable, validitySelect } from "./snapshot-select.ts";

/**
 * What a table would hold if it were made anew today. `rows`: exactly what the query yields · `keys`: at least these keys, as rows that were
 * added once are never computed again · `none`: it cannot be said, and why.
 */
export type FullDefinition =
  | { readonly proves: "rows" | "keys"; readonly text: string; readonly params: readonly string[] }
  | { readonly proves: "none"; readonly reason: string };

/** Why a model cannot be verified; null: it can. */
export function whyNotVerified({ name, materialize }: ModelTable): string | null {
  return materialize.kind === "view" ? `${name} is a view: it stores no rows that could differ from its SQL` : null;
}

/** The query that verifies a model of each materialization, and the model's parameters it takes. */
export function fullDefinition(sql: EngineSql, table: ModelTable): FullDefinition {
  const { kind } = table.materialize;
  const { select, params } = table;
  switch (kind) {
    case "table":
    case "incremental":
      return { proves: "rows", text: published(sql, table), params };
    case "append":
      return { proves: "keys", text: `select distinct ${columnList(table.grain)} from (${select}) as full_build`, params };
    case "snapshot":
      return table.materialize.missing === "keep"
        ? { proves: "rows", text: validitySelect(sql, { ...snapshotTable(sql, table), versions: allVersions(sql, table) }, null), params }
        : // A key that comes back after its history was closed gets another time than its SQL says: only the kept versions know.
          { proves: "rows", text: validitySelect(sql, snapshotTable(sql, table), null), params: [] };
    case "view":
      return { proves: "none", reason: whyNotVerified(table) ?? "" };
    default:
      return kind satisfies never;
  }
}

/** The rows of a model's SQL that its rules let pass. */
function published(sql: EngineSql, { select, checks }: ModelTable): string {
  const rules = divertingRules(sql, checks);
  return rules.length === 0 ? select : `select * from (${select}\n) as full_build where ${keeps(rules).join(" and ")}`;
}

/** The versions a snapshot has kept, and those its SQL yields now, which count where both have a key at the same time. */
function allVersions(sql: EngineSql, table: ModelTable): string {
  const snapshot = snapshotTable(sql, table);
  const columns = columnList(snapshot.columns.map((column) => column.name));
  const deleted = snapshot.deleted === null ? "false" : `((${snapshot.deleted}\n) is true)`;
  const seen = `select distinct ${columns}, cast(${quoteIdentifier(snapshot.at)} as timestamp) as _at, ${deleted} as _deleted from (${table.select}) as full_build`;
  const match = snapshot.key.map((name) => `kept.${quoteIdentifier(name)} = seen.${quoteIdentifier(name)}`).join(" and ");
  const older = `select ${columns}, _at, _deleted from ${snapshot.versions} as kept where not exists (select 1 from seen where ${match} and kept._at = seen._at)`;
  return `(with seen as materialized (${seen}) select * from seen union all ${older})`;
}
