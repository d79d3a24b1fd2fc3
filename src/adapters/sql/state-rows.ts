import type { InsertTarget } from "../../ports/engine.ts";

/** The state tables that rows are added to; as `state-schema.ts` creates them. */
export const runRows = {
  table: "assay.runs",
  columns: {
    run_id: "VARCHAR",
    pipeline: "VARCHAR",
    environment: "VARCHAR",
    params: "VARCHAR",
    status: "VARCHAR",
    started_at: "VARCHAR",
    finished_at: "VARCHAR",
    duration_ms: "BIGINT",
  },
} as const satisfies InsertTarget;

export const stepRows = {
  table: "assay.steps",
  columns: {
    run_id: "VARCHAR",
    position: "INTEGER",
    step: "VARCHAR",
    kind: "VARCHAR",
    table_name: "VARCHAR",
    status: "VARCHAR",
    reason: "VARCHAR",
    rows_in: "BIGINT",
    rows_out: "BIGINT",
    quarantined: "BIGINT",
    removed: "BIGINT",
    duration_ms: "BIGINT",
    finished_at: "VARCHAR",
    details: "VARCHAR",
  },
} as const satisfies InsertTarget;

export const attemptRows = {
  table: "assay.attempts",
  columns: {
    run_id: "VARCHAR",
    step: "VARCHAR",
    attempt: "INTEGER",
    status: "VARCHAR",
    started_at: "VARCHAR",
    finished_at: "VARCHAR",
    error: "VARCHAR",
    retry_in_ms: "BIGINT",
  },
} as const satisfies InsertTarget;

export const checkRows = {
  table: "assay.checks",
  columns: {
    run_id: "VARCHAR",
    step: "VARCHAR",
    position: "INTEGER",
    check_name: "VARCHAR",
    column_name: "VARCHAR",
    severity: "VARCHAR",
    status: "VARCHAR",
    failures: "BIGINT",
    message: "VARCHAR",
  },
} as const satisfies InsertTarget;

export const publicationRows = {
  table: "assay.publications",
  columns: {
    subject: "VARCHAR",
    version: "VARCHAR",
    run_id: "VARCHAR",
    fingerprint: "VARCHAR",
    inputs: "VARCHAR",
    params: "VARCHAR",
    rows: "BIGINT",
    published_at: "VARCHAR",
    content: "VARCHAR",
    cost: "VARCHAR",
  },
} as const satisfies InsertTarget;

export const commitRows = {
  table: "assay.commits",
  columns: {
    subject: "VARCHAR",
    version: "BIGINT",
    run_id: "VARCHAR",
    kind: "VARCHAR",
    inserted: "BIGINT",
    updated: "BIGINT",
    deleted: "BIGINT",
    committed_at: "VARCHAR",
  },
} as const satisfies InsertTarget;

export const fileRows = {
  table: "assay.files",
  columns: {
    table_name: "VARCHAR",
    batch_id: "VARCHAR",
    name: "VARCHAR",
    path: "VARCHAR",
    sha256: "VARCHAR",
    bytes: "BIGINT",
    stamp: "VARCHAR",
    stamped_at: "BIGINT",
    rows: "BIGINT",
    quarantined: "BIGINT",
    replicas: "INTEGER",
    contract_fingerprint: "VARCHAR",
    files: "VARCHAR",
    sequence: "BIGINT",
    replay_of: "VARCHAR",
  },
} as const satisfies InsertTarget;

export const metricRows = {
  table: "assay.metrics",
  columns: {
    table_name: "VARCHAR",
    version: "VARCHAR",
    run_id: "VARCHAR",
    recorded_at: "VARCHAR",
    metric: "VARCHAR",
    column_name: "VARCHAR",
    value: "BIGINT",
  },
} as const satisfies InsertTarget;

export const schemaChangeRows = {
  table: "assay.schema_changes",
  columns: {
    table_name: "VARCHAR",
    column_name: "VARCHAR",
    type: "VARCHAR",
    first_file: "VARCHAR",
    run_id: "VARCHAR",
    recorded_at: "VARCHAR",
    position: "INTEGER",
  },
} as const satisfies InsertTarget;

export const quarantineRows = {
  table: "assay.quarantine",
  columns: {
    id: "VARCHAR",
    state: "VARCHAR",
    table_name: "VARCHAR",
    rule: "VARCHAR",
    reason: "VARCHAR",
    column_name: "VARCHAR",
    message: "VARCHAR",
    source_file: "VARCHAR",
    file_name: "VARCHAR",
    file_sha256: "VARCHAR",
    row_number: "BIGINT",
    key: "VARCHAR",
    raw: "VARCHAR",
    record: "VARCHAR",
    run_id: "VARCHAR",
    batch_id: "VARCHAR",
    quarantined_at: "VARCHAR",
    closed_run_id: "VARCHAR",
  },
} as const satisfies InsertTarget;
