import { quoteIdentifier } from "../../define/quote.ts";
import { AssayError } from "../../errors.ts";
import type { Row, Session } from "../../ports/engine.ts";
import type {
  DivertedRows,
  QuarantinedRow,
  QuarantineFilter,
  QuarantineGroup,
  QuarantineState,
  RecordValues,
} from "../../ports/quarantine.ts";
import type { Params, TableName } from "../../terms.ts";
import { quarantineRows } from "./state-rows.ts";
import type { StateSql } from "./state-sql.ts";

interface StepOfTable {
  readonly table: TableName;
  readonly run_id: string;
  readonly finished_at: string;
}

/** After the table's files were recorded: keeps the rows, and closes those whose file was read again or no longer counts. */
export async function recordIngested(sql: StateSql, session: Session, step: StepOfTable, rows: readonly QuarantinedRow[]): Promise<void> {
  // Most tables never had a row refused.
  if (rows.length === 0 && !(await keepsAny(session, step.table))) return;
  await forgetFailed(session, step.table);
  await keepRows(sql, session, step.table, rows);
  await session.execute({
    text: `update ${session.sql.table("assay.quarantine")} q set state = 'superseded', closed_run_id = $run_id
      where table_name = $table and state in ('open', 'replayed') and not exists (
        select 1 from ${session.sql.table("assay.files")} f
            where f.table_name = q.table_name and f.replay_of is null and f.name = q.file_name
          and f.sha256 = q.file_sha256 and (q.state = 'replayed' or f.batch_id = q.batch_id))`,
    params: { table: step.table, run_id: step.run_id },
  });
}

/** Rows of a failed step, in place of those of the table's last failure. */
export async function recordFailed(session: Session, table: TableName, rows: readonly QuarantinedRow[]): Promise<void> {
  await forgetFailed(session, table);
  await session.insert(quarantineRows, rows.map(stored));
}

/** Rows a model's build left out; open rows that it judged again and let pass are closed. */
export async function recordDiverted(
  sql: StateSql,
  session: Session,
  step: StepOfTable,
  { from, touched, closedAs }: DivertedRows,
): Promise<void> {
  const { table, run_id, finished_at } = step;
  await forgetFailed(session, table);
  const values = touched?.columns.map(
    (name) => `cast(t.${quoteIdentifier(name)} as varchar) is not distinct from ${sql.field("q.raw", name)}`,
  );
  const judged =
    touched === null || values === undefined ? "" : ` and exists (select 1 from ${touched.from} as t where ${values.join(" and ")})`;
  await session.execute({
    text: `update ${session.sql.table("assay.quarantine")} q set state = $state, closed_run_id = $run_id
      where table_name = $table and state = 'open'${judged} and id not in (select id from ${from} as diverted)`,
    params: { table, run_id, state: closedAs },
  });
  await session.execute({
    text: `delete from ${session.sql.table("assay.quarantine")}
        where table_name = $table and state <> 'failed' and id in (select id from ${from} as diverted)`,
    params: { table },
  });
  await session.execute({
    text: `insert into ${session.sql.table("assay.quarantine")}
        (id, state, table_name, rule, reason, column_name, message, "key", raw, run_id, batch_id, quarantined_at)
      select id, 'open', $table, rule, reason, column_name, message, "key", raw, $run_id, $table || '/' || $run_id, $at from ${from} as diverted`,
    params: { table, run_id, at: finished_at },
  });
}

async function keepsAny(session: Session, table: TableName): Promise<boolean> {
  const found = await session.query({
    text: `select 1 as found from ${session.sql.table("assay.quarantine")} where table_name = $table limit 1`,
    params: { table },
  });
  return found.length > 0;
}

const forgetFailed = (session: Session, table: TableName): Promise<void> =>
  session.execute({
    text: `delete from ${session.sql.table("assay.quarantine")}
      where table_name = $table and state = 'failed'`,
    params: { table },
  });

/** A row takes the place of what was kept under its id. */
async function keepRows(sql: StateSql, session: Session, table: TableName, rows: readonly QuarantinedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await session.execute({
    text: `delete from ${session.sql.table("assay.quarantine")} where table_name = $table and id in (${sql.texts("$ids")})`,
    params: { table, ids: JSON.stringify(rows.map((row) => row.id)) },
  });
  await session.insert(quarantineRows, rows.map(stored));
}

function stored(row: QuarantinedRow): Readonly<Record<string, unknown>> {
  const { table, column, record } = row;
  return { ...row, table_name: table, column_name: column, record: record === null ? null : JSON.stringify(record) };
}

/** Open rows and rows of failed steps, by table and rule. */
export async function listQuarantine(session: Session): Promise<readonly QuarantineGroup[]> {
  await requireRules(session);
  const rows = await session.query({
    text: `select * from (select table_name, rule, reason, column_name, state, count(*) as rows, count(distinct source_file) as files,
      min(quarantined_at) as first_seen, max(quarantined_at) as last_seen, max(run_id) filter (where place = 1) as last_run_id
      from (select *, row_number() over (partition by table_name, rule, reason, column_name, state order by quarantined_at desc) as place
        from ${session.sql.table("assay.quarantine")} where state in ('open', 'failed')) as refused
      group by table_name, rule, reason, column_name, state) as grouped order by state = 'failed', rows desc, table_name, rule`,
  });
  return rows.map((row) => ({
    table: String(row.table_name) as TableName,
    rule: String(row.rule),
    reason: String(row.reason),
    column: textOrNull(row.column_name),
    state: row.state as QuarantineState,
    rows: Number(row.rows),
    files: Number(row.files),
    first_seen: String(row.first_seen),
    last_seen: String(row.last_seen),
    last_run_id: String(row.last_run_id),
  }));
}

export async function readQuarantine(
  sql: StateSql,
  session: Session,
  filter: QuarantineFilter,
  limit: number | null,
): Promise<{ readonly rows: readonly QuarantinedRow[]; readonly total: number }> {
  await requireRules(session);
  const { table, rule, batch, ids, states = ["open", "failed"] } = filter;
  const conditions = [
    `state in (${sql.texts("$states")})`,
    ...(table === undefined ? [] : ["table_name = $table"]),
    ...(rule === undefined ? [] : ["(rule = $rule or reason = $rule)"]),
    ...(batch === undefined ? [] : ["batch_id = $batch"]),
    ...(ids === undefined ? [] : [`id in (${sql.texts("$ids")})`]),
  ];
  const params: Params = {
    states: JSON.stringify(states),
    ...(table === undefined ? {} : { table }),
    ...(rule === undefined ? {} : { rule }),
    ...(batch === undefined ? {} : { batch }),
    ...(ids === undefined ? {} : { ids: JSON.stringify(ids) }),
  };
  const where = `${session.sql.table("assay.quarantine")} where ${conditions.join(" and ")}`;
  const order = `order by table_name, file_name, row_number, "key", state = 'failed', id`;
  const [count] = await session.query({ text: `select count(*) as total from ${where}`, params });
  const rows = await session.query({
    text: `select * from ${where} ${order}${limit === null ? "" : ` limit ${Math.trunc(limit)}`}`,
    params,
  });
  return { total: Number(count?.total ?? 0), rows: rows.map(rowOf) };
}

/** A database of the first state version may be opened for reading, which does not migrate it. */
async function requireRules(session: Session): Promise<void> {
  const [state] = await session.query({ text: `select max(version) as version from ${session.sql.table("assay.state_version")}` });
  if (Number(state?.version) >= 2) return;
  throw new AssayError("PROJECT_INVALID", "the database was written by an older Assay, which kept quarantine in another way", {
    hint: "run assay run once: it brings the database up to date",
  });
}

function rowOf(row: Row): QuarantinedRow {
  const record = textOrNull(row.record);
  return {
    id: String(row.id),
    state: row.state as QuarantineState,
    table: String(row.table_name) as TableName,
    rule: String(row.rule),
    reason: String(row.reason),
    column: textOrNull(row.column_name),
    message: String(row.message),
    source_file: textOrNull(row.source_file),
    file_name: textOrNull(row.file_name),
    file_sha256: textOrNull(row.file_sha256),
    row_number: row.row_number === null ? null : Number(row.row_number),
    key: textOrNull(row.key),
    raw: textOrNull(row.raw),
    record: record === null ? null : (JSON.parse(record) as RecordValues),
    run_id: String(row.run_id),
    batch_id: String(row.batch_id),
    quarantined_at: String(row.quarantined_at),
    closed_run_id: textOrNull(row.closed_run_id),
  };
}

const textOrNull = (value: Row[string] | undefined): string | null => (value === null || value === undefined ? null : String(value));
