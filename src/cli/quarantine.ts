import { duckdbStateStore } from "../adapters/duckdb/state-store.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";
import type { QuarantinedRow } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import { print, renderOptions } from "./output.ts";
import { renderQuarantineList, renderQuarantineRows } from "./render/render-quarantine.ts";
import { type CommonOptions, openWorkspace, readTables, type Workspace } from "./workspace.ts";

/** `assay quarantine list`: refused rows of the files that count now, grouped by reason. */
export async function quarantineListCommand(options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const groups = await readTables(workspace, (session) => duckdbStateStore().listQuarantine(session));
  print(options.json, { groups }, () => renderQuarantineList(groups, renderOptions()));
  return 0;
}

/** `assay quarantine show [TABLE]`: the rows with file, row number, reason and raw text. */
export async function quarantineShowCommand(
  table: string | null,
  options: CommonOptions & { readonly limit: number; readonly reveal?: boolean },
): Promise<number> {
  const workspace = await openWorkspace(options);
  const name = table === null ? null : bronzeName(workspace, table);
  const { rows, total } = await readTables(workspace, (session) => duckdbStateStore().readQuarantine(session, name, options.limit));
  const shown = options.reveal === true ? rows : rows.map((row) => masked(workspace, row));
  print(options.json, { total, rows: shown }, () => renderQuarantineRows(shown, { ...renderOptions(), total }));
  return 0;
}

function bronzeName(workspace: Workspace, table: string): TableName {
  const names = workspace.project.bronze.map((definition) => definition.name);
  const found = names.find((name) => name === table || name === `bronze.${table}`);
  if (found !== undefined) return found;
  throw new AssayError("TABLE_UNKNOWN", `the project has no bronze table ${table}`, { hint: didYouMean(table, names) });
}

/** The raw text of a table with sensitive columns is not shown unasked. */
function masked(workspace: Workspace, row: QuarantinedRow): QuarantinedRow {
  const definition = workspace.project.bronze.find((item) => item.name === row.table);
  const sensitive = Object.entries(definition?.columns ?? {}).filter(([, column]) => column.sensitive);
  if (sensitive.length === 0 || row.raw === null) return row;
  return { ...row, raw: `*** (holds sensitive columns: ${sensitive.map(([name]) => name).join(", ")}; --reveal shows it)` };
}
