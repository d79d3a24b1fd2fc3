/** The state tables as version 1 made them; they do not change any more. */
export const stateVersion1 = `
create schema if not exists assay;
create schema if not exists bronze;
create schema if not exists silver;
create schema if not exists gold;
create table assay.state_version (version integer not null);
insert into assay.state_version values (1);
create table assay.runs (run_id varchar not null, pipeline varchar not null, environment varchar not null, params json not null, status varchar not null, started_at varchar not null, finished_at varchar, duration_ms bigint);
create table assay.steps (run_id varchar not null, position integer not null, step varchar not null, kind varchar not null, table_name varchar not null, status varchar not null, reason varchar not null, rows_in bigint, rows_out bigint, quarantined bigint not null, removed bigint not null, duration_ms bigint not null, finished_at varchar not null, details json not null);
create table assay.checks (run_id varchar not null, step varchar not null, position integer not null, check_name varchar not null, column_name varchar, severity varchar not null, status varchar not null, failures bigint not null, message varchar);
create table assay.publications (subject varchar not null, version varchar not null, run_id varchar not null, fingerprint varchar not null, inputs json not null, params json not null, rows bigint not null, published_at varchar not null);
create table assay.files (table_name varchar not null, batch_id varchar not null, name varchar not null, path varchar not null, sha256 varchar not null, bytes bigint not null, stamp varchar not null, stamped_at bigint not null, rows bigint not null, quarantined bigint not null, replicas integer not null, contract_fingerprint varchar not null, files varchar not null);
create table assay.quarantine (run_id varchar not null, batch_id varchar not null, table_name varchar not null, source_file varchar not null, row_number bigint, column_name varchar, reason varchar not null, message varchar not null, raw varchar, quarantined_at varchar not null);
`;
