import { dropChunkTables } from "../../ports/chunk-tables.ts";
import type { Session } from "../../ports/engine.ts";
import type { RecordedChanges, Removal, RetentionStore } from "../../ports/retention-store.ts";
import type { StateStore } from "../../ports/state-store.ts";
import type { TableName } from "../../terms.ts";
import { forgetExtract, openTables } from "./extract-store.ts";
import type { StateSql } from "./state-sql.ts";

/** What may be removed from a database. */
export function sqlRetentionStore(sql: StateSql, state: Pick<StateStore, "read">): RetentionStore {
  return {
    read: async (session) => {
      const { publications, files, commits } = await state.read(session);
      const runs = await session.query({
        text: `select run_id, started_at, status from ${session.sql.table("assay.runs")}
          order by started_at, run_id`,
      });
      return {
        publications: [...publications.values()],
        files,
        commits: [...commits.values()].flat(),
        changes: await readChanges(session),
        splits: (await openTables(session)).filter(({ table }) => !table.startsWith("bronze.")),
        runs: runs.map((row) => ({ run_id: String(row.run_id), started_at: String(row.started_at), status: String(row.status) })),
      };
    },
    remove: (session, removal) => remove(sql, session, removal),
  };
}

/** Schemas of tables that are kept for a table, under its name. */
const companions = ["assay_changes", "assay_versions"] as const;

async function readChanges(session: Session): Promise<readonly RecordedChanges[]> {
  const tables = await session.query({
    text: "select table_name from information_schema.columns where table_schema = $schema and column_name = '_version' order by table_name",
    params: { schema: session.sql.schema("assay_changes") },
  });
  const found: RecordedChanges[] = [];
  for (const row of tables) {
    const table = String(row.table_name) as TableName;
    const versions = await session.query({
      text: `select _version as version, count(*) as rows from ${session.sql.table(`assay_changes.${table}`)} group by _version
          order by _version`,
    });
    found.push(...versions.map(({ version, rows }) => ({ table, version: Number(version), rows: Number(rows) })));
  }
  return found;
}

async function remove(sql: StateSql, session: Session, { changes, runs, subjects, splits }: Removal): Promise<void> {
  for (const { table, upTo } of changes) {
    const params = { table, up_to: upTo };
    await session.execute({
      text: `delete from ${session.sql.table(`assay_changes.${table}`)}
        where _version <= $up_to`,
      params: { up_to: upTo },
    });
    await session.execute({
      text: `update ${session.sql.table("assay.commits")} set kind = 'reset'
        where subject = $table and version <= $up_to`,
      params,
    });
  }
  const list = { list: JSON.stringify(runs) };
  for (const table of runs.length === 0 ? [] : ["assay.checks", "assay.attempts", "assay.steps", "assay.runs"]) {
    await session.execute({ text: `delete from ${session.sql.table(table)} where run_id in (${sql.texts("$list")})`, params: list });
  }
  for (const table of new Set([...splits, ...(subjects as readonly TableName[])])) {
    await forgetExtract(session, table);
    await session.execute({ text: dropChunkTables(session.sql, table) });
  }
  for (const subject of subjects) {
    await session.execute({ text: `delete from ${session.sql.table("assay.publications")} where subject = $subject`, params: { subject } });
    await session.execute({ text: `delete from ${session.sql.table("assay.commits")} where subject = $subject`, params: { subject } });
    for (const table of ["files", "quarantine", "metrics", "schema_changes", "verifications"]) {
      await session.execute({
        text: `delete from ${session.sql.table(`assay.${table}`)}
          where table_name = $subject`,
        params: { subject },
      });
    }
    for (const schema of companions) await session.execute({ text: `drop table if exists ${session.sql.table(`${schema}.${subject}`)}` });
  }
}
