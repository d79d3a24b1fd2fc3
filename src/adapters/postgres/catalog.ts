import type { Connection } from "./connection.ts";

/** Reads what the server holds. Object ids travel as text. */

export interface ExistingTable {
  readonly oid: string;
  /** `pg_class.relkind`: `r` is an ordinary table. */
  readonly kind: string;
  readonly owner: string;
}

export interface ExistingColumn {
  readonly name: string;
  readonly type: string;
  readonly not_null: boolean;
}

/** A view that reads the table, directly or through other views. */
export interface DependentView {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly owner: string;
  readonly definition: string;
  /** As `name=value`. */
  readonly options: readonly string[];
  readonly comment: string | null;
  readonly column_comments: Readonly<Record<string, string>>;
}

export interface Grant {
  readonly oid: string;
  /** Quoted role, or `public`. */
  readonly grantee: string;
  readonly privilege: string;
  readonly grantable: boolean;
  /** Null: on the whole relation. */
  readonly column: string | null;
}

export async function schemaExists(connection: Connection, schema: string): Promise<boolean> {
  return (await connection.query("select 1 from pg_namespace where nspname = $1", "looking for the schema", [schema])).length > 0;
}

export async function existingTable(connection: Connection, schema: string, name: string): Promise<ExistingTable | null> {
  const text = `select c.oid::text as oid, c.relkind::text as kind, pg_get_userbyid(c.relowner) as owner
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`;
  const [found] = await connection.query<ExistingTable>(text, "reading the catalog", [schema, name]);
  return found ?? null;
}

export function existingColumns(connection: Connection, oid: string): Promise<readonly ExistingColumn[]> {
  const text = `select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as not_null
    from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped order by attnum`;
  return connection.query<ExistingColumn>(text, "reading the catalog", [oid]);
}

/** Those of `names` that belong to another relation of the schema than the target and its indexes. */
export function takenNames(
  connection: Connection,
  schema: string,
  names: readonly string[],
  oid: string | null,
): Promise<readonly { name: string }[]> {
  const text = `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid
    where n.nspname = $1 and c.relname = any($2::text[]) and i.indrelid is distinct from $3::oid`;
  return connection.query<{ name: string }>(text, "reading the catalog", [schema, names, oid ?? "0"]);
}

/** In the order they have to be created. */
export function dependentViews(connection: Connection, oid: string): Promise<readonly DependentView[]> {
  const text = `with recursive reads (view, relation) as (
      select distinct w.ev_class, d.refobjid from pg_depend d join pg_rewrite w on w.oid = d.objid
      where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and w.ev_class <> d.refobjid
    ), dependents (view, depth) as (
      select view, 1 from reads where relation = $1::oid
      union select r.view, d.depth + 1 from dependents d join reads r on r.relation = d.view
    ), views as (select view, max(depth) as depth from dependents group by view)
    select c.oid::text as oid, n.nspname as schema, c.relname as name, pg_get_userbyid(c.relowner) as owner, pg_get_viewdef(c.oid) as definition,
      coalesce(c.reloptions, '{}') as options, obj_description(c.oid, 'pg_class') as comment,
      coalesce((select jsonb_object_agg(a.attname, col_description(c.oid, a.attnum)) from pg_attribute a
        where a.attrelid = c.oid and col_description(c.oid, a.attnum) is not null), '{}') as column_comments
    from views v join pg_class c on c.oid = v.view join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'v' and c.relpersistence = 'p' order by v.depth`;
  return connection.query<DependentView>(text, "reading the catalog", [oid]);
}

/**
 * What hangs on the table or its views and would be lost with them, in PostgreSQL's words. `carriesOver`: what hangs on the table alone – row
 * security, triggers, rules – is given to what takes its place, and is not meant.
 */
export async function obstacles(
  connection: Connection,
  oid: string,
  views: readonly string[],
  { carriesOver = false } = {},
): Promise<readonly string[]> {
  const text = `with gone as (select unnest($1::oid[]) as oid), bare as (select oid from gone where oid <> $2::oid)
    select distinct pg_describe_object(d.classid, d.objid, 0) as object
    from pg_depend d
    left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
    left join pg_trigger t on d.classid = 'pg_trigger'::regclass and t.oid = d.objid
    left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    where (d.refclassid = 'pg_class'::regclass and d.refobjid in (select oid from gone)
        or d.refclassid = 'pg_type'::regclass and d.refobjid in (
          select unnest(array[y.oid, y.typarray]) from pg_type y where y.typrelid in (select oid from gone)))
      and (d.deptype = 'n' and coalesce(w.ev_class, 0) not in (select oid from gone) and coalesce(k.conrelid, 0) not in (select oid from gone)
          and d.classid not in ('pg_policy'::regclass, 'pg_trigger'::regclass)
        or d.classid = 'pg_publication_rel'::regclass
        or d.classid = 'pg_policy'::regclass and coalesce((select p.polrelid from pg_policy p where p.oid = d.objid), 0) <> $2::oid
        or d.classid = 'pg_trigger'::regclass and not t.tgisinternal and t.tgrelid <> $2::oid
        or d.classid = 'pg_rewrite'::regclass and w.rulename <> '_RETURN' and w.ev_class <> $2::oid)
    union select 'row level security of ' || oid::regclass::text from pg_class where oid in (select oid from bare) and relrowsecurity
    order by 1`;
  const found = await connection.query<{ object: string }>(text, "reading the catalog", [[oid, ...views], carriesOver ? oid : "0"]);
  return found.map(({ object }) => object);
}

/** Privileges of others than the owner. */
export function grants(connection: Connection, oids: readonly string[]): Promise<readonly Grant[]> {
  return connection.query<Grant>(grantsSql("any($1::oid[])"), "reading the catalog", [oids]);
}

/** {@link Grant}s on the relations whose oid is `oid`, SQL. */
export function grantsSql(oid: string): string {
  const grantee = "case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee";
  return `select c.oid::text as oid, ${grantee}, a.privilege_type as privilege, a.is_grantable as grantable, null as "column"
    from pg_class c cross join aclexplode(c.relacl) a where c.oid = ${oid} and a.grantee <> c.relowner
    union all
    select c.oid::text, ${grantee}, a.privilege_type, a.is_grantable, t.attname
    from pg_class c join pg_attribute t on t.attrelid = c.oid cross join aclexplode(t.attacl) a
    where c.oid = ${oid} and a.grantee <> c.relowner`;
}

/** Sessions that hold a lock on one of the relations, for the message that says who is in the way: process id and application. */
export async function lockHolders(connection: Connection, oids: readonly string[]): Promise<readonly string[]> {
  const text = `select distinct l.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') as holder
    from pg_locks l left join pg_stat_activity a on a.pid = l.pid
    where l.relation = any($1::oid[]) and l.granted and l.pid <> pg_backend_pid()`;
  const found = await connection.query<{ holder: string }>(text, "reading the catalog", [oids]);
  return found.map(({ holder }) => holder);
}
