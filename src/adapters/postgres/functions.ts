import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { Session } from "../../ports/engine.ts";
import type { EngineSql } from "../../ports/engine-sql.ts";
import { functionSchema, type ProjectFunction } from "../../ports/project-function.ts";
import { engineType } from "./engine-sql.ts";
import { createSchemaIfMissing } from "./schemas.ts";

/** Makes the functions that are not there yet, and drops old versions on which nothing stands any more. One process after the other. */
export async function defineFunctions(session: Session, functions: readonly ProjectFunction[]): Promise<void> {
  if (functions.length === 0) return;
  const known = async (): Promise<ReadonlySet<string>> => {
    const rows = await session.query({ text: knownSql(session.sql) });
    return new Set(rows.map((row) => String(row.name)));
  };
  const before = await known();
  if (functions.every(({ call }) => before.has(call))) return;
  await session.transaction(async () => {
    // After the wait, what the others have done has to be seen.
    await session.execute({
      text: `set transaction isolation level read committed; select pg_advisory_xact_lock(hashtextextended(${quoteText(session.sql.schema(functionSchema))}, 0))`,
    });
    await session.execute({ text: createSchemaIfMissing(session.sql.schema(functionSchema)) });
    const now = await known();
    for (const item of functions.filter(({ call }) => !now.has(call))) await session.execute({ text: createFunction(session.sql, item) });
    await dropUnused(session, new Set(functions.map(({ call }) => call)));
  });
}

const knownSql = (sql: EngineSql): string => `select p.proname as name, p.oid::regprocedure::text as signature, exists (
    select 1 from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid and d.deptype = 'n') as used
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = ${quoteText(sql.schema(functionSchema))}`;

async function dropUnused(session: Session, needed: ReadonlySet<string>): Promise<void> {
  for (let more = true; more; ) {
    const known = await session.query({ text: knownSql(session.sql) });
    const unused = known.filter((row) => row.used === false && !needed.has(String(row.name)));
    for (const row of unused) await session.execute({ text: `drop function ${row.signature}` });
    more = unused.length > 0;
  }
}

/** A function of SQL, which the planner writes out where it is called. What it stands on is known to the server. */
function createFunction(sql: EngineSql, { call, params, result, bodies }: ProjectFunction): string {
  const { postgres: body } = bodies;
  if (body === undefined) throw new Error(`${call} has no body for PostgreSQL`);
  const declared = params.map(({ name, type }) => `${quoteIdentifier(name)} ${engineType(type)}`).join(", ");
  const type = engineType(result);
  return `create function ${sql.table(`${functionSchema}.${call}`)}(${declared}) returns ${type} language sql stable parallel safe
    return cast((${body}\n) as ${type})`;
}
