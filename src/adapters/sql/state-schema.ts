import type { EngineSql } from "../../ports/engine-sql.ts";
import { createExtracts } from "./extract-store.ts";
import { createOpsViews } from "./ops-views.ts";
import type { StateSql } from "./state-sql.ts";

/** Version of the state tables; a database with a newer one is not touched. */
export const stateVersion = 5;

export const createQuarantine = (sql: EngineSql, json: string): string =>
  `create table ${sql.table("assay.quarantine")} (id varchar not null, state varchar not null, table_name varchar not null, rule varchar not null, reason varchar not null, column_name varchar, message varchar not null, source_file varchar, file_name varchar, file_sha256 varchar, row_number bigint, "key" ${json}, raw varchar, record ${json}, run_id varchar not null, batch_id varchar not null, quarantined_at varchar not null, closed_run_id varchar)`;

/** Attempts at steps that were tried more than once. */
export const createAttempts = (sql: EngineSql, json: string): string =>
  `create table ${sql.table("assay.attempts")} (run_id varchar not null, step varchar not null, attempt integer not null, status varchar not null, started_at varchar not null, finished_at varchar not null, error ${json}, retry_in_ms bigint)`;

/** The schemas of tables, their changes and their versions. */
export const tableSchemas = ["bronze", "silver", "gold", "assay_changes", "assay_versions"] as const;

export const createSchemas = (sql: EngineSql, { createSchema }: Pick<StateSql, "createSchema">): string =>
  tableSchemas.map((name) => `${createSchema(sql.schema(name))};\n`).join("");

/** The state tables, by name. */
export const stateTables = [
  ...["state_version", "runs", "steps", "attempts", "claims", "checks", "publications", "files"],
  ...["commits", "quarantine", "metrics", "schema_changes", "verifications", "extracts", "chunks"],
] as const;

/** The state tables, in the database they describe. */
export const createState = (
  sql: EngineSql,
  { json, own, createSchema, field }: Pick<StateSql, "json" | "own" | "createSchema" | "field">,
): string => `
${createSchema(sql.schema("assay"))};
${createSchemas(sql, { createSchema })}create table ${sql.table("assay.state_version")} (version integer not null);
insert into ${sql.table("assay.state_version")} values (${stateVersion});
create table ${sql.table("assay.runs")} (run_id varchar not null, pipeline varchar not null, environment varchar not null, params ${json} not null, status varchar not null, started_at varchar not null, finished_at varchar, duration_ms bigint);
create table ${sql.table("assay.steps")} (run_id varchar not null, position integer not null, step varchar not null, kind varchar not null, table_name varchar not null, status varchar not null, reason varchar not null, rows_in bigint, rows_out bigint, quarantined bigint not null, removed bigint not null, duration_ms bigint not null, finished_at varchar not null, details ${json} not null);
create table ${sql.table("assay.checks")} (run_id varchar not null, step varchar not null, position integer not null, check_name varchar not null, column_name varchar, severity varchar not null, status varchar not null, failures bigint not null, message varchar);
create table ${sql.table("assay.publications")} (subject varchar not null, version varchar not null, run_id varchar not null, fingerprint varchar not null, inputs ${json} not null, params ${json} not null, rows bigint not null, published_at varchar not null, content varchar, cost ${json});
create table ${sql.table("assay.files")} (table_name varchar not null, batch_id varchar not null, name varchar not null, path varchar not null, sha256 varchar not null, bytes bigint not null, stamp varchar not null, stamped_at bigint not null, rows bigint not null, quarantined bigint not null, replicas integer not null, contract_fingerprint varchar not null, files varchar not null, sequence bigint not null, replay_of varchar);
create table ${sql.table("assay.commits")} (subject varchar not null, version bigint not null, run_id varchar not null, kind varchar not null, inserted bigint, updated bigint, deleted bigint, committed_at varchar not null);
${createQuarantine(sql, json)};
create table ${sql.table("assay.metrics")} (table_name varchar not null, version varchar not null, run_id varchar not null, recorded_at varchar not null, metric varchar not null, column_name varchar, value bigint not null);
create table ${sql.table("assay.schema_changes")} (table_name varchar not null, column_name varchar not null, type varchar not null, first_file varchar not null, run_id varchar not null, recorded_at varchar not null, position integer not null);
create table ${sql.table("assay.verifications")} (table_name varchar not null, version varchar not null, run_id varchar not null, verified_at varchar not null, status varchar not null);
${createAttempts(sql, json)};
${createExtracts(sql, json)};
${createOpsViews(sql, { createSchema, field })}${own(sql)}`;
