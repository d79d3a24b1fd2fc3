import type { Session } from "../../../ports/engine.ts";
import { queueSchema } from "../platform-schemas.ts";

/** Tables that pg-boss makes, without their partitions. */
export const queueTables = ["version", "queue", "schedule", "subscription", "bam", "job", "warning", "queue_stats", "job_dependency"].map(
  (name) => `${queueSchema}.${name}`,
);

const queueFunctions = ["job_now", "job_table_format", "job_table_run", "job_table_run_async", "create_queue", "delete_queue"];

/** Its functions and its type, as they are in the environment. */
export async function foundQueueObjects(
  session: Session,
): Promise<readonly { readonly kind: "function" | "type"; readonly oid: string; readonly name: string }[]> {
  const rows = await session.query({
    text: `select 'function' as kind, p.oid::text as oid, p.oid::regprocedure::text as name
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = $schema and p.proname in (select jsonb_array_elements_text($functions::jsonb))
      union all select 'type', y.oid::text, y.oid::regtype::text from pg_type y join pg_namespace n on n.oid = y.typnamespace
        where n.nspname = $schema and y.typname = 'job_state' order by name`,
    params: { schema: session.sql.schema(queueSchema), functions: JSON.stringify(queueFunctions) },
  });
  return rows.map((row) => ({ kind: row.kind === "type" ? "type" : "function", oid: String(row.oid), name: String(row.name) }));
}
