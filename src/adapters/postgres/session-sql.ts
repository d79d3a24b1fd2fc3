/** Milliseconds. */
interface Timeouts {
  /** To wait for a lock that others hold. */
  readonly lock: number;
}

/** What every session has: fixed text formats, no search path, patience only where Assay decides it. Takes any server Assay may meet. */
function sharedSettings({ lock }: Timeouts): string {
  return `set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 1;
    set search_path = pg_catalog; set standard_conforming_strings = on; set client_min_messages = warning; set jit = off;
    set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = ${lock};
    ${["idle_session_timeout = 0", "transaction_timeout = 0", "enable_presorted_aggregate = off"].map(whereKnown).join("\n    ")}
    ${endWithClient}`;
}

/** A statement of a process that is gone ends too. Not every system a server may run on can tell. */
const endWithClient = "do $$ begin set client_connection_check_interval = '2s'; exception when others then null; end $$;";

/** A setting that not every version has. */
const whereKnown = (setting: string): string => `do $$ begin set ${setting}; exception when undefined_object then null; end $$;`;

/** What a session is told of its server when it is set up: `pid`, `version` (e.g. 150018), `encoding`. */
const serverSql =
  "select pg_backend_pid() as pid, current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding";

/**
 * Sets up a session of the engine, and tells of the server. Sorting texts is left to the columns, names to the platform. A policy that would
 * keep rows from it is an error: tables are read whole.
 */
export const engineSessionSql = (timeouts: Timeouts): string =>
  `${sharedSettings(timeouts)} set default_transaction_read_only = off; set row_security = off; ${serverSql}`;

/**
 * Sets up a session that loads a sink's table, and tells of the server. What is loaded need not be on disk before the swap commits. A host
 * that is gone is noticed, too, and its locks go.
 */
export const sinkSessionSql = (timeouts: Timeouts): string =>
  `${sharedSettings(timeouts)} set default_transaction_read_only = off; set synchronous_commit = off;
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; ${serverSql}`;

/** Sets up a session that can change nothing and writes every value in one way only. */
export const tableSessionSql = (timeouts: Timeouts): string =>
  `${sharedSettings(timeouts)} set default_transaction_read_only = on; set client_encoding = 'UTF8'; set bytea_output = 'hex';
    set lc_monetary = 'C'`;
