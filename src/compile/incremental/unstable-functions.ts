/**
 * What is not a function of its arguments: functions whose `stability` in `duckdb_functions()` is not CONSISTENT, macros made of them, and
 * readers of the session's or the system's state; a test compares the list with the engine (DuckDB 1.5.5).
 */
export const unstableFunctions: ReadonlySet<string> = new Set(
  `ago current_catalog current_connection_id current_database current_date current_localtime current_localtimestamp current_query
current_query_id current_role current_schema current_schemas current_setting current_time current_timestamp current_transaction_id
current_user currval format_type gen_random_uuid get_block_size get_current_time get_current_timestamp getenv getvariable in_search_path inet_client_addr
inet_client_port inet_server_addr inet_server_port localtime localtimestamp nextval now pg_conf_load_time pg_get_constraintdef
pg_get_expr pg_get_viewdef pg_postmaster_start_time pg_size_pretty pg_sleep random session_user setseed sleep_ms stats
today transaction_timestamp txid_current user uuid uuidv4 uuidv7 write_log`.split(/\s+/),
);

/** Unstable, written without parentheses. */
export const unstableKeywords: ReadonlySet<string> = new Set(
  `current_catalog current_date current_role current_schema current_time current_timestamp current_user localtime localtimestamp rowid
session_user user`.split(/\s+/),
);

/** DuckDB's macros that hold an aggregate function. */
export const aggregateMacros: ReadonlySet<string> = new Set(
  "geomean geometric_mean json_group_array json_group_object json_group_structure wavg weighted_avg".split(" "),
);

/** Functions that make several rows of one. */
export const rowMakingFunctions: ReadonlySet<string> = new Set("unnest generate_subscripts regexp_split_to_table".split(" "));
