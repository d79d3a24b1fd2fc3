import { quoteText } from "../../define/quote.ts";
import { AssayError, messageOf } from "../../errors.ts";
import type { Candidate, Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import type { TableName } from "../../terms.ts";
import { grantsSql } from "./catalog.ts";
import type { CatalogSession } from "./catalog-session.ts";
import type { Server } from "./engine-errors.ts";
import { seeAllRows } from "./engine-errors.ts";
import { resetGrants } from "./swap.ts";

/** What others gave a table or view, to be given to what takes its place. */
export interface Addition {
  readonly on: "table" | "view";
  readonly kind: "grant" | "options" | "statistics" | "rule" | "trigger" | "policy" | "row security" | "forced";
  /** In words, e.g. `policy of_region`. */
  readonly label: string;
  /** Makes it again, on a relation of the same name. */
  readonly statement: string;
  /** Columns of the relation it speaks of. */
  readonly columns: readonly string[];
}

/** Nothing where there is no such relation. */
export async function additionsTo(catalog: CatalogSession, sql: EngineSql, table: TableName): Promise<readonly Addition[]> {
  const rows = await catalog.query({ text: additionsSql(sql.table(table)) });
  return rows.map((row) => ({
    on: row.on === "v" ? "view" : "table",
    kind: String(row.kind) as Addition["kind"],
    label: String(row.label),
    statement: String(row.statement),
    columns: JSON.parse(String(row.columns)) as readonly string[],
  }));
}

/** One look at the catalog; the statements are the server's own, with every name quoted and with its schema. */
function additionsSql(relation: string): string {
  const name = quoteText(relation);
  const enabled = (
    kind: string,
    state: string,
    of: string,
  ): string => `case ${state} when 'O' then '' else format('; alter table %s %s ${kind} %I',
      ${name}, case ${state} when 'D' then 'disable' when 'R' then 'enable replica' else 'enable always' end, ${of}) end`;
  const said = (catalog: string, oid: string, kind: string, of: string): string =>
    `coalesce(format('; comment on ${kind} %I on %s is ', ${of}, ${name}) || quote_literal(obj_description(${oid}, '${catalog}')), '')`;
  const uses = (catalog: string, oid: string): string =>
    `array(select distinct a.attname::text from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where d.classid = '${catalog}'::regclass and d.objid = ${oid} and d.refclassid = 'pg_class'::regclass and d.refobjid = r.oid)`;
  return `with r as (select * from pg_class where oid = to_regclass(${name}))
    select "on", kind, label, statement, array_to_json(columns)::text as columns from (
      select 0 as place, r.relkind::text as "on", 'grant' as kind, 'default rights' as label, ${quoteText(resetGrants(relation))} as statement,
          '{}'::text[] as columns
        from r where exists (select 1 from pg_default_acl d join pg_roles o on o.oid = d.defaclrole
          where o.rolname = current_user and d.defaclobjtype = 'r' and d.defaclnamespace in (0, r.relnamespace))
      union all select 1, r.relkind::text, 'grant', 'grant', format('grant %s%s on %s to %s%s', g.privilege,
          ' (' || quote_ident(g."column") || ')', ${name}, g.grantee, case when g.grantable then ' with grant option' end),
          array_remove(array[g."column"::text], null)
        from r, (${grantsSql(`to_regclass(${name})`)}) as g
      union all select 2, relkind::text, 'options', 'options ' || array_to_string(reloptions, ', '), format('alter %s %s set (%s)',
          case relkind when 'v' then 'view' else 'table' end, ${name}, (select string_agg(format('%I = %L', split_part(o, '=', 1),
            substr(o, strpos(o, '=') + 1)), ', ') from unnest(reloptions) as o)), '{}' from r where reloptions is not null
      union all select 2, relkind::text, 'options', 'replica identity', format('alter table %s replica identity %s', ${name},
          case relreplident when 'f' then 'full' else 'nothing' end), '{}' from r where relkind = 'r' and relreplident in ('f', 'n')
      union all select 3, r.relkind::text, 'statistics', 'statistics ' || s.stxname, pg_get_statisticsobjdef(s.oid)
          || case when s.stxstattarget >= 0 then format('; alter statistics %I.%I set statistics %s', n.nspname, s.stxname, s.stxstattarget) else '' end,
          ${uses("pg_statistic_ext", "s.oid")}
        from r join pg_statistic_ext s on s.stxrelid = r.oid join pg_namespace n on n.oid = s.stxnamespace
      union all select 4, r.relkind::text, 'rule', 'rule ' || w.rulename, rtrim(pg_get_ruledef(w.oid), ';')
          || ${enabled("rule", "w.ev_enabled", "w.rulename")} || ${said("pg_rewrite", "w.oid", "rule", "w.rulename")}, ${uses("pg_rewrite", "w.oid")}
        from r join pg_rewrite w on w.ev_class = r.oid where w.rulename <> '_RETURN'
      union all select 5, r.relkind::text, 'trigger', 'trigger ' || t.tgname, pg_get_triggerdef(t.oid)
          || ${enabled("trigger", "t.tgenabled", "t.tgname")} || ${said("pg_trigger", "t.oid", "trigger", "t.tgname")}, ${uses("pg_trigger", "t.oid")}
        from r join pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
      union all select 6, r.relkind::text, 'policy', 'policy ' || p.polname, format('create policy %I on %s as %s for %s to %s%s%s', p.polname, ${name},
          case when p.polpermissive then 'permissive' else 'restrictive' end,
          case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
          (select string_agg(case i when 0 then 'public' else quote_ident(pg_get_userbyid(i)) end, ', ') from unnest(p.polroles) as i),
          ' using (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')')
          || ${said("pg_policy", "p.oid", "policy", "p.polname")}, ${uses("pg_policy", "p.oid")}
        from r join pg_policy p on p.polrelid = r.oid
      union all select 7, relkind::text, 'row security', 'row level security', format('alter table %s %s row level security', ${name}, flag), '{}'
        from r, unnest(array[case when relrowsecurity then 'enable' end, case when relforcerowsecurity then 'force' end]) as flag where flag is not null
      union all select 8, relkind::text, 'forced', 'policies that hold for the owner', '', '{}' from r where row_security_active(oid)
    ) as found order by place, label`;
}

type Replacement = Pick<Candidate, "table" | "materialization" | "columns">;

/**
 * Gives them to what has taken the place, in the transaction in which it did. Rights and statistics of columns that are gone go with them.
 * Throws DEPENDENT_OBJECTS where anything else cannot be kept, ENGINE_DENIED where not even the platform's role could read the table.
 */
export async function giveAgain(session: Session, server: Server, made: Replacement, additions: readonly Addition[]): Promise<void> {
  const { table, materialization } = made;
  if (additions.some(({ kind }) => kind === "forced")) throw hiddenRows(session, server, table);
  const names = new Set(made.columns.map((column) => column.name));
  const kept: Addition[] = [];
  for (const addition of additions) {
    const gone = addition.columns.filter((column) => !names.has(column));
    const isOther = addition.kind !== "grant" && addition.on !== materialization;
    if (gone.length === 0 && !isOther) kept.push(addition);
    else if (isOther && !isStorage(addition)) throw cannotKeep(table, addition.label, `the ${addition.on} becomes a ${materialization}`);
    else if (!isOther && addition.kind !== "grant" && addition.kind !== "statistics")
      throw cannotKeep(table, addition.label, `there is no column ${gone.join(", ")} any more`);
  }
  if (kept.length === 0) return;
  await session.execute({ text: kept.map(({ statement }) => statement).join(";\n") }).catch((error: unknown) => {
    const labels = kept.filter(({ kind }) => kind !== "grant").map(({ label }) => label);
    throw labels.length === 0 ? error : cannotKeep(table, labels.join(", "), messageOf(error), error);
  });
}

/** What is about how a table is stored, and says nothing of who sees or changes what. */
const isStorage = ({ on, kind }: Addition): boolean => on === "table" && (kind === "options" || kind === "statistics");

function cannotKeep(table: TableName, what: string, why: string, cause?: unknown): AssayError {
  return new AssayError("DEPENDENT_OBJECTS", `${table} cannot be replaced without losing ${what}: ${why}`, {
    hint: "drop it or change it so that it fits, then run again; or hang it on a view or table of your own; what was published before stands",
    ...(cause === undefined ? {} : { cause }),
  });
}

function hiddenRows({ sql }: Session, { user }: Server, table: TableName): AssayError {
  return new AssayError("ENGINE_DENIED", `${table} has row level security that is forced on ${user} too`, {
    hint: seeAllRows(sql.table(table), user),
  });
}
