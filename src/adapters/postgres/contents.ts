import { quoteIdentifier } from "../../define/quote.ts";
import { splitTable } from "../../define/split-table.ts";
import type { Row, Session } from "../../ports/engine.ts";
import { functionSchema } from "../../ports/project-function.ts";
import type { StoredObject, WarehouseContents } from "../../ports/warehouse.ts";
import { recordedNames } from "../sql/recorded-names.ts";
import { storeNames } from "./bronze-store.ts";
import { platformSchemas, queueSchema } from "./platform-schemas.ts";
import { foundQueueObjects, queueTables } from "./queue/queue-objects.ts";

interface Found extends StoredObject {
  readonly oid: string;
}

/** What the environment's records say is there, as far as it is there. */
export async function postgresContents(session: Session): Promise<WarehouseContents> {
  const names = [...(await recordedNames(session)), ...(await storeNames(session)), ...queueTables];
  const relations = await foundRelations(session, names);
  const queueObjects = (await foundQueueObjects(session)).map((found): Found => ({ ...found, sql: found.name }));
  const functions = [...(await foundFunctions(session)), ...queueObjects.filter(({ kind }) => kind === "function")];
  const types = queueObjects.filter(({ kind }) => kind === "type");
  const params = { relations: oids(relations), functions: oids(functions) };
  const foreign = await session.query({ text: dependentsSql, params });
  const schemas = await session.query({
    text: schemasSql,
    params: { ...params, types: oids(types), schemas: JSON.stringify([...platformSchemas, queueSchema].map(session.sql.schema)) },
  });
  const goes = (row: Row): boolean => row.others === null && row.owned === true;
  const objects = [
    ...relations,
    ...functions,
    ...types,
    ...schemas
      .filter(goes)
      .map((row): StoredObject => ({ kind: "schema", name: String(row.name), sql: quoteIdentifier(String(row.name)) })),
  ];
  return {
    objects: objects.map(({ kind, name, sql }) => ({ kind, name, sql })),
    foreign: foreign.map((row) => String(row.object)),
    kept: schemas
      .filter((row) => !goes(row))
      .map((row) => `schema ${row.name}: ${row.others === null ? `it belongs to ${row.owner}` : `holds ${row.others}`}`),
  };
}

/** Views may read each other, so they go at once; functions stand under views and tables. */
export async function removePostgres(session: Session, { objects }: WarehouseContents): Promise<void> {
  await session.transaction(async () => {
    for (const kind of ["view", "table", "function", "type", "schema"] as const) {
      const names = objects.filter((object) => object.kind === kind).map(({ sql }) => sql);
      if (names.length > 0) await session.execute({ text: `drop ${kind} ${names.join(", ")}` });
    }
  });
}

const oids = (found: readonly Found[]): string => JSON.stringify(found.map(({ oid }) => oid));

async function foundRelations(session: Session, names: readonly string[]): Promise<readonly Found[]> {
  const pairs = names.map(splitTable).map(({ schema, name }) => [session.sql.schema(schema), name]);
  const rows = await session.query({
    text: `select c.oid::text as oid, c.relkind::text as kind, n.nspname as schema, c.relname as name
      from jsonb_array_elements($pairs::jsonb) as pairs(pair) join pg_namespace n on n.nspname = pair ->> 0
      join pg_class c on c.relnamespace = n.oid and c.relname = pair ->> 1
      where c.relkind in ('r', 'p', 'v') order by n.nspname, c.relname`,
    params: { pairs: JSON.stringify(pairs) },
  });
  return rows.map((row) => ({
    kind: row.kind === "v" ? "view" : "table",
    oid: String(row.oid),
    name: `${row.schema}.${row.name}`,
    sql: `${quoteIdentifier(String(row.schema))}.${quoteIdentifier(String(row.name))}`,
  }));
}

/** Versions of project functions; the schema is the platform's own. */
async function foundFunctions(session: Session): Promise<readonly Found[]> {
  const rows = await session.query({
    text: `select p.oid::text as oid, p.oid::regprocedure::text as signature from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = $schema and p.proname ~ '_[0-9a-f]{16}$' order by p.proname`,
    params: { schema: session.sql.schema(functionSchema) },
  });
  return rows.map((row) => ({ kind: "function", oid: String(row.oid), name: String(row.signature), sql: String(row.signature) }));
}

const listed = (param: string): string => `select value::oid from jsonb_array_elements_text($${param}::jsonb)`;

/** With their partitions, which go with them. */
const listedRelations = `recursive relations(oid) as (${listed("relations")} union select i.inhrelid from pg_inherits i join relations on relations.oid = i.inhparent)`;

/** Views, foreign keys and functions of others that stand on what would go. */
const dependentsSql = `with ${listedRelations}, functions(oid) as (${listed("functions")})
  select distinct case when w.oid is null then pg_describe_object(d.classid, d.objid, 0)
      else pg_describe_object('pg_class'::regclass, w.ev_class, 0) end as object
    from pg_depend d
    left join pg_rewrite w on d.classid = 'pg_rewrite'::regclass and w.oid = d.objid
    left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid
    left join pg_index i on d.classid = 'pg_class'::regclass and i.indexrelid = d.objid
    where d.deptype = 'n'
      and (d.refclassid = 'pg_class'::regclass and d.refobjid in (select oid from relations)
        or d.refclassid = 'pg_proc'::regclass and d.refobjid in (select oid from functions)
        or d.refclassid = 'pg_type'::regclass and d.refobjid in (
          select unnest(array[y.oid, y.typarray]) from pg_type y where y.typrelid in (select oid from relations)))
      and coalesce(w.ev_class, 0) not in (select oid from relations) and coalesce(k.conrelid, 0) not in (select oid from relations)
      and not (d.classid = 'pg_proc'::regclass and d.objid in (select oid from functions))
      and not (d.classid = 'pg_class'::regclass and d.objid in (select oid from relations))
      and coalesce(f.adrelid, i.indrelid, 0) not in (select oid from relations)
    order by 1`;

const schemasSql = `with ${listedRelations}, functions(oid) as (${listed("functions")}), types(oid) as (${listed("types")})
  select n.nspname as name, pg_get_userbyid(n.nspowner) as owner, pg_has_role(n.nspowner, 'USAGE') as owned, (
      select string_agg(other, ', ' order by other) from (
        select c.relname::text as other from pg_class c where c.relnamespace = n.oid and c.relkind not in ('i', 'I', 't')
          and c.oid not in (select oid from relations)
        union all select p.proname || '()' from pg_proc p where p.pronamespace = n.oid and p.oid not in (select oid from functions)
        union all select y.typname from pg_type y where y.typnamespace = n.oid and y.typtype in ('d', 'e', 'r')
          and y.oid not in (select oid from types)
      ) as others_there) as others
    from jsonb_array_elements_text($schemas::jsonb) as wanted(name) join pg_namespace n on n.nspname = wanted.name order by n.nspname`;
