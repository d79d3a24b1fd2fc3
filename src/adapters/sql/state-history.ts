import type { Session } from "../../ports/engine.ts";
import type { EvolvedColumn, Metric, PastMetrics, StepRecord } from "../../ports/state-store.ts";
import type { TableName } from "../../terms.ts";
import { metricRows, schemaChangeRows } from "./state-rows.ts";

/** Writes what a step adds to a table's history: its metrics, and the columns that came from its source. */
export async function recordHistory(session: Session, record: StepRecord): Promise<void> {
  const { run_id, finished_at: recorded_at, result, publication } = record;
  const place = { table_name: result.table, run_id, recorded_at };
  const metrics = publication === null ? [] : (record.metrics ?? []);
  if (metrics.length > 0) {
    const rows = metrics.map(({ metric, column, value }) => ({
      ...place,
      version: publication?.version,
      metric,
      column_name: column,
      value,
    }));
    await session.insert(metricRows, rows);
  }
  const evolved = record.ingest?.evolved ?? [];
  if (evolved.length > 0) {
    const rows = evolved.map(({ name, type, first_file }, position) => ({ ...place, column_name: name, type, first_file, position }));
    await session.insert(schemaChangeRows, rows);
  }
}

export async function readMetrics(session: Session, table: TableName): Promise<readonly PastMetrics[]> {
  const rows = await session.query({
    text: `select version, recorded_at, metric, column_name, value from (
        select *, max(recorded_at) over (partition by version) as last_recorded_at from ${session.sql.table("assay.metrics")}
            where table_name = $table
      ) as recorded where recorded_at = last_recorded_at order by recorded_at, cast(version as bigint)`,
    params: { table },
  });
  return [...Map.groupBy(rows, (row) => String(row.version))].map(([version, found]) => ({
    version,
    at: String(found[0]?.recorded_at),
    metrics: found.map((row) => ({
      metric: row.metric as Metric["metric"],
      column: row.column_name === null ? null : String(row.column_name),
      value: Number(row.value),
    })),
  }));
}

export async function readEvolvedColumns(session: Session): Promise<ReadonlyMap<TableName, readonly EvolvedColumn[]>> {
  // A database of an older version may be opened for reading, which does not migrate it.
  const [version] = await session.query({ text: `select max(version) as version from ${session.sql.table("assay.state_version")}` });
  if (Number(version?.version) < 2) return new Map();
  const rows = await session.query({
    text: `select table_name, column_name, type, first_file from ${session.sql.table("assay.schema_changes")}
        order by recorded_at, position`,
  });
  const tables = Map.groupBy(rows, (row) => row.table_name as TableName);
  return new Map(
    [...tables].map(([table, changes]) => {
      // Of several changes of a column the last one holds; its place is that of the first.
      const columns = new Map<string, EvolvedColumn>();
      for (const { column_name: name, type, first_file: file } of changes) {
        const known = columns.get(String(name).toLowerCase());
        const found = { name: String(name), type: String(type), first_file: String(file) };
        columns.set(found.name.toLowerCase(), known === undefined ? found : { ...known, type: found.type });
      }
      return [table, [...columns.values()]] as const;
    }),
  );
}
