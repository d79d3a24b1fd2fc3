import { quoteText } from "../../define/quote.ts";
import { AssayError, messageOf } from "../../errors.ts";
import type { Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import { type DependentView, dependentViews, type Grant, grants, obstacles } from "./catalog.ts";
import { openConnection, type Target } from "./connection.ts";
import { engineFault } from "./engine-errors.ts";
import { patient } from "./patience.ts";
import { qualified } from "./sql.ts";
import { recreated } from "./swap.ts";

/** Views of others that were dropped with what they read, as they were. */
export interface ViewsSetAside {
  /** In the order they have to be created. */
  readonly views: readonly DependentView[];
  readonly grants: readonly Grant[];
}

/**
 * Whether something stands on a table or view, so that it cannot be dropped, or is to be told of every row. To be asked first: an attempt would
 * lock the relation before the views over it, which readers lock in the other order. What the transaction's snapshot shows may be gone by now;
 * names tell. From now on nobody changes what hangs on a table; readers go on.
 */
export async function isStoodOn(session: Session, table: TableName, kind: "table" | "view"): Promise<boolean> {
  const lock = kind === "table" ? `lock table ${session.sql.table(table)} in share row exclusive mode; ` : "";
  const relation = `to_regclass(${quoteText(session.sql.table(table))})::oid`;
  const [row] = await session.query({
    text: `${lock}with dependents as (
        select classid, objid, deptype from pg_depend where refclassid = 'pg_class'::regclass and refobjid = ${relation}
        union all select classid, objid, deptype from pg_depend where refclassid = 'pg_type'::regclass and refobjid in (
          select unnest(array[oid, typarray]) from pg_type where typrelid = ${relation}))
      select exists (select 1 from dependents d
          left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
          left join pg_policy p on d.classid = 'pg_policy'::regclass and p.oid = d.objid
          left join pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
          left join pg_class v on v.oid = w.ev_class left join pg_namespace n on n.oid = v.relnamespace
        where d.classid = 'pg_publication_rel'::regclass or d.deptype = 'n' and coalesce(w.ev_class, p.polrelid, t.tgrelid) is distinct from ${relation}
          and (v.oid is null or to_regclass(format('%I.%I', n.nspname, v.relname)) = v.oid)) as found`,
  });
  return row?.found === true;
}

/**
 * Drops a table or view together with the views of others that read it, which {@link bringBack} makes again: both are part of the caller's
 * transaction. Throws DEPENDENT_OBJECTS where one cannot be kept.
 */
export async function setAside(session: Session, target: Target, kind: "table" | "view", table: TableName): Promise<ViewsSetAside> {
  const relation = session.sql.table(table);
  const found = await lookAt(session, target, table);
  const drops = [...found.views].reverse().map((view) => `drop view ${qualified(view.schema, view.name)}`);
  await session.execute({ text: [...drops, `drop ${kind} ${relation}`].join("; ") }).catch((error: unknown) => {
    throw cannotKeep(target, table, found.views, error);
  });
  return found;
}

/** Makes the views again, with their owners, grants and comments. Throws DEPENDENT_OBJECTS where one cannot read what is there now. */
export async function bringBack(session: Session, target: Target, table: TableName, { views, grants }: ViewsSetAside): Promise<void> {
  if (views.length === 0) return;
  const text = views.flatMap((view) => recreated(view, null, grants)).join(";\n");
  await session.execute({ text }).catch((error: unknown) => {
    throw cannotKeep(target, table, views, error);
  });
}

/** Over a connection of its own: the transaction's snapshot may be older than the views. */
async function lookAt(session: Session, target: Target, table: TableName): Promise<ViewsSetAside> {
  const [row] = await session.query({ text: `select ${quoteText(session.sql.table(table))}::regclass::oid::text as oid` });
  const oid = String(row?.oid);
  const connection = await openConnection(target, { ...target, table, staging: table, masked: true }, { ...patient, turn: 5_000 });
  try {
    const views = await dependentViews(connection, oid);
    const oids = views.map((view) => view.oid);
    const others = await obstacles(connection, oid, oids, { carriesOver: true });
    if (others.length > 0) {
      throw new AssayError("DEPENDENT_OBJECTS", `${table} cannot be replaced without losing: ${others.join(", ")}`, {
        hint: "views are kept, and anything where the columns stay: drop these, or hang them on a table of your own; what was published before stands",
      });
    }
    return { views, grants: await grants(connection, oids) };
  } catch (error) {
    throw error instanceof AssayError && error.code !== "DEPENDENT_OBJECTS" ? engineFault(error.cause ?? error, target) : error;
  } finally {
    await connection.close();
  }
}

function cannotKeep(target: Target, table: TableName, views: readonly DependentView[], error: unknown): unknown {
  if (views.length === 0 || (error instanceof AssayError && error.code !== "ENGINE_DENIED")) return error;
  const named = views.map((view) => `view ${view.schema}.${view.name}`);
  const drops = [...views].reverse().map((view) => `drop view ${qualified(view.schema, view.name)};`);
  const owners = [...new Set(views.map((view) => view.owner))].filter((owner) => owner !== target.user);
  const role = owners.length === 0 ? "" : `; or let ${target.user} be a member of ${owners.join(", ")}`;
  return new AssayError("DEPENDENT_OBJECTS", `${table} is read by ${named.join(", ")}, which cannot be made again: ${messageOf(error)}`, {
    hint: `run ${drops.join(" ")} then run again, and create what is still needed${role}; what was published before stands`,
    cause: error,
  });
}
