import { quoteIdentifier, quoteText } from "../../define/quote.ts";
import type { RetentionStore } from "../../ports/retention-store.ts";
import type { StateStore } from "../../ports/state-store.ts";
import type { VerificationStore } from "../../ports/verification-store.ts";
import { createExtracts } from "../sql/extract-store.ts";
import { createOpsViews } from "../sql/ops-views.ts";
import { sqlRetentionStore } from "../sql/retention-store.ts";
import { createAttempts, createQuarantine } from "../sql/state-schema.ts";
import type { StateSql } from "../sql/state-sql.ts";
import { sqlStateStore } from "../sql/state-store.ts";
import { sqlVerificationStore } from "../sql/verification-store.ts";
import { duckdbSql } from "./sql.ts";

/** Makes a schema unless it is there. */
export function createSchema(schema: string): string {
  return `create schema if not exists ${quoteIdentifier(schema)}`;
}

function field(object: string, name: string): string {
  return `json_extract_string(${object}, ${quoteText(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)})`;
}

/** From the version before, one entry a version: the statements that make the next one of it. */
const migrations: StateSql["migrations"] = {
  1: `
create schema if not exists assay_changes;
create schema if not exists assay_versions;
alter table assay.publications add column content varchar;
alter table assay.publications add column cost json;
alter table assay.files add column sequence bigint default 0;
alter table assay.files add column replay_of varchar;
alter table assay.quarantine rename to quarantine_1;
${createQuarantine(duckdbSql, "json")};
insert into assay.quarantine
  select left(md5(concat_ws(chr(10), q.table_name, coalesce(f.name, q.batch_id), coalesce(f.sha256, ''), q.row_number::varchar)), 16),
    case when f.name is null then 'superseded' else 'open' end, q.table_name,
    q.reason || coalesce(':' || q.column_name, ''), q.reason, q.column_name, q.message, q.source_file, f.name, f.sha256, q.row_number,
    null, q.raw, null, q.run_id, q.batch_id, q.quarantined_at, null
  from (select rowid as place, * from assay.quarantine_1) q left join assay.files f
    on f.table_name = q.table_name and f.batch_id = q.batch_id and suffix(q.source_file, f.name)
  qualify row_number() over (partition by q.place order by length(f.name) desc nulls last) = 1;
drop table assay.quarantine_1;
create table assay.commits (subject varchar not null, version bigint not null, run_id varchar not null, kind varchar not null, inserted bigint, updated bigint, deleted bigint, committed_at varchar not null);
create table assay.verifications (table_name varchar not null, version varchar not null, run_id varchar not null, verified_at varchar not null, status varchar not null);
create table assay.metrics (table_name varchar not null, version varchar not null, run_id varchar not null, recorded_at varchar not null, metric varchar not null, column_name varchar, value bigint not null);
create table assay.schema_changes (table_name varchar not null, column_name varchar not null, type varchar not null, first_file varchar not null, run_id varchar not null, recorded_at varchar not null, position integer not null);
update assay.state_version set version = 2;
`,
  2: `${createAttempts(duckdbSql, "json")}; update assay.state_version set version = 3;`,
  3: `${createExtracts(duckdbSql, "json")}; update assay.state_version set version = 4;`,
  4: `${createOpsViews(duckdbSql, { createSchema, field })}update assay.state_version set version = 5;`,
};

const duckdbState: StateSql = {
  createSchema,
  find: () =>
    "select 1 as found from duckdb_tables() where database_name = current_database() and schema_name = 'assay' and table_name = 'state_version'",
  json: "json",
  own: () => "",
  migrations,
  takeTurn: null,
  texts: (parameter) => `select unnest(from_json(${parameter}, '["VARCHAR"]'))`,
  field,
  place: "rowid",
};

/** State in the embedded database. */
export const duckdbStateStore = (): StateStore => sqlStateStore(duckdbState);

/** What may be removed from the embedded database. */
export const duckdbRetentionStore = (state: Pick<StateStore, "read">): RetentionStore => sqlRetentionStore(duckdbState, state);

/** Verifications in the embedded database. */
export const duckdbVerificationStore = (): VerificationStore => sqlVerificationStore(duckdbState);
