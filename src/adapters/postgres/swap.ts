import { setTimeout } from "node:timers/promises";
import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { SinkTable } from "../../ports/sink.ts";
import { type DependentView, dependentViews, existingTable, type Grant, grants, lockHolders, obstacles } from "./catalog.ts";
import type { Connection } from "./connection.ts";
import { sqlStateOf } from "./errors.ts";
import type { Patience } from "./patience.ts";
import { qualified, stagedIndexes } from "./sql.ts";

/** Shorter than the second after which PostgreSQL looks for deadlocks, so that it is never a reader that has to give way. */
const lockMilliseconds = 500;
const pauseMilliseconds = 200;
/** Lock not available, deadlock, a view created in between. */
const passing = ["55P03", "40P01", "2BP01"];

/** The table to be replaced, with what has to live on. */
interface OldTable {
  readonly oid: string;
  readonly owner: string;
  readonly views: readonly DependentView[];
  readonly grants: readonly Grant[];
}

/** Throws SINK_FAILED when something that cannot be carried over hangs on the table. */
export async function oldTable(main: Connection, table: SinkTable): Promise<OldTable | null> {
  const name = `${table.schema}.${table.table}`;
  const found = await existingTable(main, table.schema, table.table);
  if (found === null) return null;
  if (found.kind !== "r")
    throw new AssayError("SINK_FAILED", `${name} exists and is no ordinary table`, {
      hint: "drop or rename it, or give the sink another schema",
    });
  const views = await dependentViews(main, found.oid);
  const oids = views.map((view) => view.oid);
  const inTheWay = await obstacles(main, found.oid, oids);
  if (inTheWay.length > 0)
    throw new AssayError("SINK_FAILED", `${name} cannot be replaced without losing: ${inTheWay.join(", ")}`, {
      hint: "views and grants are carried over, these are not: drop them, or hang them on a table of your own",
    });
  return { oid: found.oid, owner: found.owner, views, grants: await grants(main, [found.oid, ...oids]) };
}

/**
 * Puts the staging table in the place of the old one, in one transaction. Waits for readers without making others wait long. When it
 * throws, a transaction may still be open.
 */
export async function swapIn(main: Connection, table: SinkTable, staging: string, patience: Patience): Promise<void> {
  const deadline = performance.now() + patience.swap;
  const staged = await existingTable(main, table.schema, staging);
  for (;;) {
    const old = await oldTable(main, table);
    try {
      await main.query(swapSql(table, staging, old, staged?.owner ?? ""), "publishing the table");
      return;
    } catch (error) {
      if (!passing.includes(sqlStateOf(error) ?? "")) throw uncertain(error);
      await main.query("rollback", "publishing the table");
      if (performance.now() > deadline) throw await held(main, table, old, patience, error);
    }
    await setTimeout(pauseMilliseconds);
  }
}

function uncertain(error: unknown): unknown {
  if (!(error instanceof AssayError) || error.code !== "SINK_UNREACHABLE") return error;
  const hint = "the connection broke in the moment of publishing: readers see either the old table or the new one, whole; run again";
  return new AssayError("SINK_UNREACHABLE", error.message, { hint, cause: error.cause });
}

async function held(main: Connection, table: SinkTable, old: OldTable | null, patience: Patience, cause: unknown): Promise<AssayError> {
  const holders = old === null ? [] : await lockHolders(main, [old.oid, ...old.views.map((view) => view.oid)]);
  const who = holders.length === 0 ? "" : `; now by process ${holders.join(", ")}`;
  return new AssayError(
    "SINK_FAILED",
    `${table.schema}.${table.table} was in use for ${Math.round(patience.swap / 1000)} s without a pause${who}`,
    {
      hint: "end the transaction that holds the table, or run again later; the old table stands",
      cause,
    },
  );
}

/** Views go first, the outermost before those it reads: the order in which a reader locks them. */
function swapSql(table: SinkTable, staging: string, old: OldTable | null, owner: string): string {
  const name = qualified(table.schema, table.table);
  const views = old?.views ?? [];
  const removed = [...views].reverse().map((view) => `drop view ${qualified(view.schema, view.name)}`);
  const renamed = stagedIndexes(table, staging).map(
    (index) => `alter index ${qualified(table.schema, index.staged)} rename to ${quoteIdentifier(index.declared)}`,
  );
  return [
    "begin",
    `set local lock_timeout = ${lockMilliseconds}`,
    "set local synchronous_commit to default",
    ...removed,
    ...(old === null ? [] : [`drop table ${name}`]),
    `alter table ${qualified(table.schema, staging)} rename to ${quoteIdentifier(table.table)}`,
    ...renamed,
    ...(old === null ? [] : [`${changeOwner("table", name, owner, old.owner)}${resetGrants(name)}`, ...granted(name, old.oid, old.grants)]),
    ...views.flatMap((view) => recreated(view, owner, old?.grants ?? [])),
    "commit",
  ].join(";\n");
}

/** Statements that make a view as it was; `owner`: whose it is at first, where that is known. */
export function recreated(view: DependentView, owner: string | null, all: readonly Grant[]): readonly string[] {
  const name = qualified(view.schema, view.name);
  const options = view.options.map((option) => {
    const at = option.indexOf("=");
    return `${quoteIdentifier(option.slice(0, at))} = ${quoteText(option.slice(at + 1))}`;
  });
  const attributes = options.length === 0 ? "" : ` with (${options.join(", ")})`;
  return [
    `create view ${name}${attributes} as ${view.definition.replace(/;\s*$/, "")}`,
    ...(view.comment === null ? [] : [`comment on view ${name} is ${quoteText(view.comment)}`]),
    ...Object.entries(view.column_comments).map(
      ([column, text]) => `comment on column ${name}.${quoteIdentifier(column)} is ${quoteText(text)}`,
    ),
    `${changeOwner("view", name, owner, view.owner)}${resetGrants(name)}`,
    ...granted(name, view.oid, all),
  ];
}

function changeOwner(kind: "table" | "view", name: string, present: string | null, wanted: string): string {
  return present === wanted ? "" : `alter ${kind} ${name} owner to ${quoteIdentifier(wanted)};\n`;
}

/** Default privileges may have given what the old relation did not. */
export function resetGrants(name: string): string {
  return `do $reset$ declare grantee text; begin
    for grantee in select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
      from pg_class c cross join aclexplode(c.relacl) a where c.oid = ${quoteText(name)}::regclass and a.grantee <> c.relowner
    loop execute format('revoke all on %s from %s', ${quoteText(name)}, grantee); end loop;
  end $reset$`;
}

/** Statements that give the rights of a relation to what has its name now. */
function granted(name: string, oid: string, all: readonly Grant[]): readonly string[] {
  return all
    .filter((grant) => grant.oid === oid)
    .map((grant) => {
      const columns = grant.column === null ? "" : ` (${quoteIdentifier(grant.column)})`;
      return `grant ${grant.privilege}${columns} on ${name} to ${grant.grantee}${grant.grantable ? " with grant option" : ""}`;
    });
}
