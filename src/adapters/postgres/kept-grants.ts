import { quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import { type Grant, grantsSql } from "./catalog.ts";
import { granted } from "./swap.ts";

/** What others may do with a relation; nothing where there is none. */
export async function grantsOn(session: Session, table: TableName): Promise<readonly Grant[]> {
  const rows = await session.query({ text: grantsSql(`to_regclass(${quoteText(session.sql.table(table))})`) });
  return rows.map((row) => ({
    oid: String(row.oid),
    grantee: String(row.grantee),
    privilege: String(row.privilege),
    grantable: row.grantable === true,
    column: row.column === null ? null : String(row.column),
  }));
}

/** Gives them to what takes its place; rights on columns that are gone go with them. */
export async function giveAgain(session: Session, table: TableName, kept: readonly Grant[], columns: readonly string[]): Promise<void> {
  const [first] = kept;
  if (first === undefined) return;
  const there = kept.filter(({ column }) => column === null || columns.includes(column));
  const statements = granted(session.sql.table(table), first.oid, there);
  if (statements.length > 0) await session.execute({ text: statements.join("; ") });
}
