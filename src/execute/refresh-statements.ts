import { deltaName, hatName, opColumn, touchedName } from "../compile/incremental/relation-names.ts";
import type { IncrementalPlan, UpstreamLink } from "../compile/incremental/upstream-link.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { TableName } from "../terms.ts";
import { typedColumns } from "./typed-columns.ts";

/** An upstream's changed rows since the consumer's cursor. */
export interface ChangedRows {
  readonly table: TableName;
  readonly columns: readonly string[];
  /** SELECT of its columns and `_op` over every commit since. */
  readonly rows: string;
  /** One commit's: no row of it both came and went, so there is nothing to net. */
  readonly isNet: boolean;
}

export interface Refresh {
  readonly table: TableName;
  /** Its columns, in order. */
  readonly columns: readonly ContractColumn[];
  readonly plan: Pick<IncrementalPlan, "by" | "upstreams">;
  /** Every changed upstream; none of them may be `full`. */
  readonly changed: readonly ChangedRows[];
}

/** The statements of one refresh, in the order in which they run: one snapshot, one transaction. */
export interface RefreshStatements {
  /** The net changed rows of each upstream. */
  readonly deltas: readonly string[];
  /** For each table through which other tables' changes are followed, the rows it has or had. */
  readonly hats: readonly string[];
  /** The `by` values to rebuild, in the types the table has them. */
  readonly touched: string;
  /** SELECT of the definition's rows of these values; takes the definition, its upstream reads restricted to the values or not. */
  readonly made: (definition: string) => string;
  /** SELECT of the table's present rows of these values. */
  readonly old: string;
  /** Removes what the refresh leaves in the session; may run at any time. */
  readonly drop: readonly string[];
}

export function refreshStatements(sql: EngineSql, { table, columns, plan, changed }: Refresh): RefreshStatements {
  const links = changed.flatMap((change) => plan.upstreams.filter((link) => link.table === change.table).filter(isFollowed));
  const hats = [...new Set(links.flatMap((link) => link.hats))];
  const by = columnList(plan.by);
  const same = plan.by.map((name) => sql.sameValue(`q.${quoteIdentifier(name)}`, `t.${quoteIdentifier(name)}`)).join(" and ");
  const ofTouched = (rows: string): string => sql.havingPartner(`${rows} as q`, `${touchedName} as t`, same);
  const none = `select ${by} from ${sql.table(table)} where false`;
  const queries = [none, ...links.map((link) => `select ${by} from (${link.touched}\n) as link`)].join(" union all ");
  const values = typedColumns(
    sql,
    columns.filter(({ name }) => plan.by.includes(name)),
  );
  return {
    deltas: changed.map(deltaStatement),
    hats: hats.map((hat) => hatStatement(sql, hat, changed)),
    touched: `create temp table ${touchedName} as select distinct ${values} from (${queries}) as touching`,
    made: (definition) => `select q.* from ${ofTouched(`(${definition}\n)`)}`,
    old: `select ${columns.map(({ name }) => `q.${quoteIdentifier(name)}`).join(", ")} from ${ofTouched(sql.table(table))}`,
    drop: [
      ...hats.map((hat) => `drop view if exists ${sql.temporary(hatName(hat))}`),
      ...changed.map((change) => `drop ${change.isNet ? "view" : "table"} if exists ${sql.temporary(deltaName(change.table))}`),
      `drop table if exists ${sql.temporary(touchedName)}`,
    ],
  };
}

/** Temporary table of a session with the rows a step takes out (`_op` below 0) and puts in (above 0), as often as it says, and the table's columns. */
export const difference = quoteIdentifier("difference");

/** What separates the rows of one SELECT from those of another: equal rows, as often as they come, cancel out. No row: nothing changed. */
export function differenceSelect(columns: readonly string[], before: string, after: string): string {
  const list = columnList(columns);
  return `select cast(sum(${opColumn}) as bigint) as ${opColumn}, ${list}
from (select 1 as ${opColumn}, ${list} from (${after}\n) as come union all select -1, ${list} from (${before}) as gone) as both_sides
group by ${list} having sum(${opColumn}) <> 0`;
}

type FollowedLink = Extract<UpstreamLink, { readonly kind: "linked" | "declared" }>;

function isFollowed(link: UpstreamLink): link is FollowedLink {
  return link.kind === "linked" || link.kind === "declared";
}

/** Whole rows, netted: netting after a projection would lose a change of the other columns. */
function deltaStatement({ table, columns, rows, isNet }: ChangedRows): string {
  const list = columnList(columns);
  if (isNet) return `create temp view ${deltaName(table)} as select ${list}, ${opColumn} from (${rows}) as recorded`;
  const net = `select ${list}, sum(${opColumn}) as "_rows" from (${rows}) as recorded group by ${list} having sum(${opColumn}) <> 0`;
  return `create temp table ${deltaName(table)} as select ${list}, cast(sign("_rows") as smallint) as ${opColumn} from (${net}) as net`;
}

function hatStatement(sql: EngineSql, table: TableName, changed: readonly ChangedRows[]): string {
  const change = changed.find((item) => item.table === table);
  const now = sql.table(table);
  if (change === undefined) return `create temp view ${hatName(table)} as select * from ${now}`;
  const list = columnList(change.columns);
  return `create temp view ${hatName(table)} as
select ${list} from ${now} union all select ${list} from ${deltaName(table)} where ${opColumn} < 0`;
}
