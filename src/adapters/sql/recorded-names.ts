import { chunkTables } from "../../ports/chunk-tables.ts";
import { evolvedTable, type Session } from "../../ports/engine.ts";
import type { TableName } from "../../terms.ts";
import { openTables } from "./extract-store.ts";
import { opsSchema, opsViews } from "./ops-views.ts";
import { stateTables } from "./state-schema.ts";

/** Names of the tables that may be there by the state's own records: the state's, the project's, and what is kept beside those. */
export async function recordedNames(session: Session): Promise<readonly string[]> {
  const { table } = session.sql;
  const rows = await session.query({
    text: `select subject as name from ${table("assay.publications")} where subject not like 'sink:%'
      union select subject from ${table("assay.commits")} union select table_name from ${table("assay.files")} order by name`,
  });
  const open = await openTables(session);
  const names = rows.map((row) => String(row.name) as TableName);
  return [
    ...stateTables.map((name) => `assay.${name}`),
    ...opsViews.map((name) => `${opsSchema}.${name}`),
    ...names.flatMap((name) => [name, evolvedTable(name), `assay_changes.${name}`, `assay_versions.${name}`]),
    ...open.flatMap((item) => Object.values(chunkTables(item.table))),
  ];
}
