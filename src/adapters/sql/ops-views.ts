import type { EngineSql } from "../../ports/engine-sql.ts";
import type { StateSql } from "./state-sql.ts";

/** Schema of the views for those who watch a platform: dashboards, BI tools, alerts. */
export const opsSchema = "assay_ops";

/** The views over the state tables, by name. They hold no rows of the project. */
export const opsViews = ["runs", "steps", "checks", "tables", "files", "quarantine"] as const;

/** Makes the schema and its views. A migration that changes what one reads drops it before. */
export function createOpsViews(sql: EngineSql, { createSchema, field }: Pick<StateSql, "createSchema" | "field">): string {
  const state = (name: string): string => sql.table(`assay.${name}`);
  const selects: Readonly<Record<(typeof opsViews)[number], string>> = {
    runs: `select run_id, pipeline, environment, status, ${time("started_at")}, ${time("finished_at")}, duration_ms / 1000.0 as seconds from ${state("runs")}`,
    steps: `select run_id, step, kind, table_name, status, reason, rows_in, rows_out, quarantined, removed, ${time("finished_at")},
      duration_ms / 1000.0 as seconds, ${field(field("details", "error"), "code")} as error_code, ${field(field("details", "error"), "message")} as error_message
      from ${state("steps")}`,
    checks: `select c.run_id, c.step, s.table_name, c.check_name, c.column_name, c.severity, c.status, c.failures, c.message, ${time("s.finished_at")}
      from ${state("checks")} as c left join ${state("steps")} as s on s.run_id = c.run_id and s.step = c.step`,
    tables: `select subject as table_name, cast(version as bigint) as version, rows, run_id, ${time("published_at")} from ${state("publications")}
      where subject not like 'sink:%'`,
    files: `select table_name, name as file_name, bytes, rows, quarantined, batch_id, sha256 from ${state("files")} where replay_of is null`,
    quarantine: `select table_name, rule, reason, column_name, state, count(*) as rows, ${time("min(quarantined_at)", "first_at")}, ${time("max(quarantined_at)", "last_at")}
      from ${state("quarantine")} group by table_name, rule, reason, column_name, state`,
  };
  const views = opsViews.map((name) => `create view ${sql.table(`${opsSchema}.${name}`)} as ${selects[name]};\n`);
  return `${createSchema(sql.schema(opsSchema))};\n${views.join("")}`;
}

/** Times are kept as texts in UTC. */
const time = (text: string, name = text.replace(/^.*\./, "")): string => `cast(${text} as timestamp) as ${name}`;
