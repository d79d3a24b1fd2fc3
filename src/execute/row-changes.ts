import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { ContractColumn } from "../define/types.ts";
import type { Session, Statement } from "../ports/engine.ts";
import type { EngineSql } from "../ports/engine-sql.ts";
import type { RowChanges, TableName } from "../terms.ts";
import type { ChangedPart } from "./checks.ts";
import { countOf, oneRow, type Run } from "./context.ts";
import { difference, differenceSelect } from "./refresh-statements.ts";
import { createTemporary, dropTemporary } from "./temporary-table.ts";
import { typedColumns } from "./typed-columns.ts";

/** A stored table whose rows change in place. */
export interface ChangingTable {
  readonly name: TableName;
  readonly columns: readonly ContractColumn[];
  /** Columns that identify a row; empty: none declared, or exactly one row. */
  readonly grain: readonly string[];
}

const names = (table: ChangingTable): string => columnList(table.columns.map((column) => column.name));

/** Where a table's row changes are kept: `_version`, `_op`, then its columns. */
export const changeTable = (sql: EngineSql, table: TableName): string => sql.table(`assay_changes.${table}`);

/** Fills the difference of two SELECTs, each row with `_op` -1 or 1. */
export async function createDifference(session: Session, table: ChangingTable, before: string, after: Statement): Promise<void> {
  const columns = names(table);
  const text = differenceSelect(
    table.columns.map((column) => column.name),
    before,
    `select ${typedColumns(session.sql, table.columns)} from (${after.text}\n) as made`,
  );
  await createTemporary(session, difference, { ...after, text });
  const [repeated] = await session.query({ text: `select 1 as found from ${difference} where abs(_op) > 1 limit 1` });
  if (repeated === undefined) return;
  const once = quoteIdentifier("difference once");
  await createTemporary(session, once, {
    text: `select cast(sign(_op) as bigint) as _op, ${columns} from ${difference} as repeated, generate_series(1, abs(_op)) as _times(_time)`,
  });
  await dropTemporary(session, difference);
  await session.execute({ text: `alter table ${session.sql.temporary(once)} rename to ${difference}` });
}

/** The rows that the difference puts in. */
export const addedRows = (table: ChangingTable): string => `(select ${names(table)} from ${difference} where _op = 1)`;

/** The part of a published table that the difference changes, for its checks; null where no key says which rows those are. */
export function changedPart(run: Pick<Run, "publications">, table: ChangingTable, changes: RowChanges): ChangedPart | null {
  const [inserted, deleted] = [countOf(changes.inserted), countOf(changes.deleted)];
  const before = run.publications.get(table.name);
  if (before === undefined || table.grain.length === 0) return null;
  return { added: addedRows(table), inserted, rows: before.rows + inserted - deleted };
}

/** How many keys the difference holds, by what happened to them; without a key, how many rows came and went. */
export async function countChanges(session: Session, table: ChangingTable): Promise<Required<RowChanges> & { readonly rows: number }> {
  const same = table.grain.map((key) => session.sql.sameValue(`o.${quoteIdentifier(key)}`, `n.${quoteIdentifier(key)}`)).join(" and ");
  const [gone, come] = [-1, 1].map((op) => `(select * from ${difference} where _op = ${op})`);
  const both = same === "" ? "0" : `(select count(*) from ${session.sql.havingPartner(`${come} as n`, `${gone} as o`, same)})`;
  const row = await oneRow(
    session,
    `select count(*) filter (where _op = 1) as added, count(*) filter (where _op = -1) as removed, ${both} as updated from ${difference}`,
  );
  const updated = countOf(row.updated);
  const [added, removed] = [countOf(row.added), countOf(row.removed)];
  return { inserted: added - updated, updated, deleted: removed - updated, rows: added + removed };
}

/** Takes the difference's old rows out of the table and puts its new ones in. */
export async function applyDifference(session: Session, table: ChangingTable): Promise<void> {
  const target = session.sql.table(table.name);
  const match = table.grain.map((key) => `target.${quoteIdentifier(key)} = gone.${quoteIdentifier(key)}`).join(" and ") || "true";
  await session.execute({ text: `delete from ${target} as target using ${difference} as gone where gone._op = -1 and ${match}` });
  await session.execute({ text: `insert into ${target} (${names(table)}) select ${names(table)} from ${difference} where _op = 1` });
}

/** Keeps the difference as the changes that made a version. */
export async function recordChanges(session: Session, table: ChangingTable, version: string): Promise<void> {
  const types = table.columns.map((column) => `, ${quoteIdentifier(column.name)} ${session.sql.type(column.type)}`);
  const target = changeTable(session.sql, table.name);
  await session.execute({ text: `create table if not exists ${target} (_version bigint, _op smallint${types.join("")})` });
  await session.execute({
    text: `insert into ${target} select ${Number(version)}, _op, ${names(table)} from ${difference}`,
  });
}

/** Forgets a table's changes: what follows cannot be told from them. What was never published has none. */
export async function forgetChanges(run: Pick<Run, "publications">, session: Session, table: TableName): Promise<void> {
  if (!run.publications.has(table)) return;
  await session.execute({ text: `drop table if exists ${changeTable(session.sql, table)}` });
}

/** The changes behind version `after` up to `upTo`: `_op` and the columns, of every commit between. */
export function changesBetween(sql: EngineSql, table: ChangingTable, after: string, upTo: string): string {
  return `select _op, ${names(table)} from ${changeTable(sql, table.name)} where _version > ${Number(after)} and _version <= ${Number(upTo)}`;
}

export async function dropDifference(session: Session): Promise<void> {
  await dropTemporary(session, difference);
}

/** Puts the difference of two relations that hold a key into the temporary table; false, and none made, when it has more than `limit` pairs. */
export async function compareByKey(session: Session, table: ChangingTable, before: string, after: string, limit: number): Promise<boolean> {
  const columns = table.columns.map((column) => quoteIdentifier(column.name));
  const side = (alias: string, prefix: string): string =>
    table.columns.map((column) => `${alias}.${quoteIdentifier(column.name)} as ${quoteIdentifier(`${prefix} ${column.name}`)}`).join(", ");
  const match = table.grain.map((key) => `o.${quoteIdentifier(key)} = n.${quoteIdentifier(key)}`).join(" and ") || "true";
  const differs = columns.map((column) => `o.${column} is distinct from n.${column}`).join(" or ");
  const pairs = quoteIdentifier("difference pairs");
  await createTemporary(session, pairs, {
    text: `select o._is is not null as _was, n._is is not null as _is, ${side("o", "old")}, ${side("n", "new")}
      from (select 1 as _is, * from ${before}) as o full join (select 1 as _is, * from ${after}) as n on ${match}
      where o._is is null or n._is is null or ${differs} limit ${limit + 1}`,
  });
  const found = countOf((await oneRow(session, `select count(*) as pairs from ${pairs}`)).pairs);
  const picked = (prefix: string): string =>
    table.columns.map((column) => `${quoteIdentifier(`${prefix} ${column.name}`)} as ${quoteIdentifier(column.name)}`).join(", ");
  if (found <= limit) {
    await createTemporary(session, difference, {
      text: `select cast(-1 as smallint) as _op, ${picked("old")} from ${pairs} where _was
        union all select cast(1 as smallint) as _op, ${picked("new")} from ${pairs} where _is`,
    });
  }
  await dropTemporary(session, pairs);
  return found <= limit;
}
