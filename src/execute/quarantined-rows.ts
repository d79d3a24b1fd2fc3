import { createHash } from "node:crypto";
import type { QuarantinedRow } from "../ports/quarantine.ts";
import type { Refusal, SourceFile } from "../ports/source.ts";
import type { TableName } from "../terms.ts";
import { ruleName } from "./door-rules.ts";

export interface RefusedIn {
  readonly table: TableName;
  readonly file: Pick<SourceFile, "name" | "path" | "sha256">;
  readonly run_id: string;
  readonly batch_id: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
}

/** Rows refused while a file was read, as they are kept. */
export function quarantinedRows(refusals: readonly Refusal[], { table, file, run_id, batch_id, at }: RefusedIn): readonly QuarantinedRow[] {
  return refusals.map((refusal) => ({
    id: rowId(table, file, refusal),
    state: "open",
    table,
    rule: refusal.rule ?? ruleName(refusal.reason, refusal.column),
    reason: refusal.reason,
    column: refusal.column,
    message: refusal.message,
    source_file: file.path,
    file_name: file.name,
    file_sha256: file.sha256,
    row_number: refusal.row_number,
    key: null,
    raw: refusal.raw,
    record: refusal.record ?? null,
    run_id,
    batch_id,
    quarantined_at: at,
    closed_run_id: null,
  }));
}

/** The same whenever the same record of the same content is refused. The migration of the first state version makes it in SQL. */
function rowId(table: TableName, file: Pick<SourceFile, "name" | "sha256">, { row_number, raw }: Refusal): string {
  const identity = [table, file.name, file.sha256, row_number ?? `? ${raw ?? ""}`].join("\n");
  return createHash("md5").update(identity).digest("hex").slice(0, 16);
}
