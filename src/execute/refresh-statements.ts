import { deltaName, hatName, opColumn, touchedName } from "../compile/incremental/relation-names.ts";
import type { IncrementalPlan, UpstreamLink } from "../compile/incremental/upstream-link.ts";
import { columnList, quoteIdentifier, quoteTable } from "../define/quote.ts";
import type { TableName } from "../terms.ts";

/** An upstream's changed rows since the consumer's cursor. */
export interface ChangedRows {
  readonly table: TableName;
  readonly columns: readonly string[];
  /** SELECT of its columns and `_op` over every commit since. */
  readonly rows: string;
}

export interface Refresh {
  readonly table: TableName;
  /** Its columns, in order. */
  readonly columns: readonly string[];
  readonly plan: IncrementalPlan;
  /** Every changed upstream; none of them may be `full`. */
  readonly changed: readonly ChangedRows[];
  /** The author's SQL. */
  readonly sql: string;
  /** SELECT of exactly the table's columns and types around such SQL. */
  select(sql: string): string;
}

/** The statements of one refresh, in the order in which they run: one snapshot, one transaction. */
export interface RefreshStatements {
  /** The net changed rows of each upstream. */
  readonly deltas: readonly string[];
  /** For each table through which other tables' changes are followed, the rows it has or had. */
  readonly hats: readonly string[];
  /** The `by` values to rebuild. */
  readonly touched: string;
  /** The definition's rows of these values. */
  readonly candidate: string;
  /** The same with the upstream reads restricted to the values; null where they cannot be. Not worth it when most values are touched. */
  readonly restrictedCandidate: string | null;
  /** The table's present rows of these values. */
  readonly old: string;
  /** Rows to add and to remove; no row: nothing changed. */
  readonly difference: string;
  readonly remove: string;
  readonly add: string;
  /** SELECT of the table's own changed rows, with `_op`, for those who follow it. */
  readonly changes: string;
  /** Removes what the refresh leaves in the session; may run at any time. */
  readonly drop: readonly string[];
}

const candidateName = quoteIdentifier("candidate");
const oldName = quoteIdentifier("old");
const differenceName = quoteIdentifier("difference");

export function refreshStatements(refresh: Refresh): RefreshStatements {
  const { table, columns, plan, changed, sql, select } = refresh;
  const links = changed.flatMap((change) => plan.upstreams.filter((link) => link.table === change.table).filter(isFollowed));
  const hats = [...new Set(links.flatMap((link) => link.hats))];
  const list = columnList(columns);
  const isTouched = (alias: string): string =>
    plan.by.map((name) => `${alias}.${quoteIdentifier(name)} is not distinct from t.${quoteIdentifier(name)}`).join(" and ");
  const candidate = (text: string): string =>
    `create temp table ${candidateName} as select q.* from (${select(text)}) as q semi join ${touchedName} as t on ${isTouched("q")}`;
  return {
    deltas: changed.map(deltaStatement),
    hats: hats.map((hat) => hatStatement(hat, changed)),
    touched: `create temp table ${touchedName} as select distinct ${columnList(plan.by)} from (${links.map((link) => `(${link.touched})`).join(" union all ")})`,
    candidate: candidate(sql),
    restrictedCandidate: plan.spliced === null ? null : candidate(plan.spliced),
    old: `create temp table ${oldName} as select q.*, q.rowid as "_row" from ${quoteTable(table)} as q semi join ${touchedName} as t on ${isTouched("q")}`,
    difference: `create temp table ${differenceName} as
select ${list}, sum("_sign") as "_rows", list("_row") filter ("_sign" < 0) as "_ids"
from (select ${list}, 1 as "_sign", null as "_row" from ${candidateName} union all select ${list}, -1, "_row" from ${oldName})
group by ${list} having sum("_sign") <> 0`,
    remove: `delete from ${quoteTable(table)} where rowid in (
select unnest("_ids"[1:cast(-"_rows" as bigint)]) from ${differenceName} where "_rows" < 0)`,
    add: `insert into ${quoteTable(table)} (${list})
select ${list} from (select ${list}, unnest(range(cast("_rows" as bigint))) from ${differenceName} where "_rows" > 0)`,
    changes: signedRows(differenceName, list, quoteIdentifier("_rows")),
    drop: [
      `drop table if exists ${[touchedName, candidateName, oldName, differenceName].map((name) => `temp.${name}`).join("; drop table if exists ")}`,
      ...hats.map((hat) => `drop view if exists temp.${hatName(hat)}`),
      ...changed.map((change) => `drop table if exists temp.${deltaName(change.table)}`),
    ],
  };
}

type FollowedLink = Extract<UpstreamLink, { readonly kind: "linked" | "declared" }>;

function isFollowed(link: UpstreamLink): link is FollowedLink {
  return link.kind === "linked" || link.kind === "declared";
}

/** Whole rows, netted: netting after a projection would lose a change of the other columns. */
function deltaStatement({ table, columns, rows }: ChangedRows): string {
  const list = columnList(columns);
  const net = `select ${list}, sum(${opColumn}) as "_rows" from (${rows}) group by ${list} having sum(${opColumn}) <> 0`;
  return `create temp table ${deltaName(table)} as ${signedRows(`(${net})`, list, quoteIdentifier("_rows"))}`;
}

/** Rows as often as their count says, with its sign. */
function signedRows(from: string, list: string, count: string): string {
  const sign = `cast(sign(${count}) as tinyint) as ${opColumn}`;
  return `select ${list}, ${opColumn} from (select ${list}, ${sign}, unnest(range(cast(abs(${count}) as bigint))) from ${from})`;
}

function hatStatement(table: TableName, changed: readonly ChangedRows[]): string {
  const change = changed.find((item) => item.table === table);
  const now = quoteTable(table);
  if (change === undefined) return `create temp view ${hatName(table)} as select * from ${now}`;
  const list = columnList(change.columns);
  return `create temp view ${hatName(table)} as
select ${list} from ${now} union all select ${list} from ${deltaName(table)} where ${opColumn} < 0`;
}
