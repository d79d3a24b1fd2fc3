import type { Manifest } from "../compile/manifest.ts";
import { readsSensitive } from "../execute/engine-message.ts";
import type { QuarantinedRow, QuarantineState } from "../ports/quarantine.ts";
import { print, renderOptions } from "./output.ts";
import { renderQuarantineList, renderQuarantineRows } from "./render/render-quarantine.ts";
import { knownTable } from "./table-name.ts";
import { type CommonOptions, compileWorkspace, openWorkspace, readTables, type Workspace } from "./workspace.ts";

/** `assay quarantine list`: rows left out of their tables, grouped by rule. */
export async function quarantineListCommand(options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const groups = await readTables(workspace, (session) => workspace.warehouse.store.listQuarantine(session));
  print(options.json, { groups }, () => renderQuarantineList(groups, renderOptions()));
  return 0;
}

export interface ShowOptions extends CommonOptions {
  readonly limit: number;
  readonly rule?: string;
  readonly batch?: string;
  readonly state?: QuarantineState;
  readonly reveal?: boolean;
}

/** `assay quarantine show [TABLE]`: the rows with place, rule and raw text. */
export async function quarantineShowCommand(table: string | null, options: ShowOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const { rule, batch, state, limit } = options;
  const filter = {
    table: table === null ? undefined : knownTable(workspace, table),
    rule,
    batch,
    ...(state === undefined ? {} : { states: [state] }),
  };
  const { rows, total } = await readTables(workspace, (session) => workspace.warehouse.store.readQuarantine(session, filter, limit));
  const shown = options.reveal === true ? rows : await masked(workspace, rows);
  const document = shown.map(({ record: _record, file_name: _name, file_sha256: _hash, ...row }) => row);
  print(options.json, { total, rows: document }, () => renderQuarantineRows(shown, { ...renderOptions(), total }));
  return 0;
}

/** Rows of tables with sensitive columns are not shown unasked, nor rows of models that are made from such tables. */
async function masked(workspace: Workspace, rows: readonly QuarantinedRow[]): Promise<readonly QuarantinedRow[]> {
  const manifest = rows.some((row) => row.key !== null) ? await compileWorkspace(workspace) : null;
  return rows.map((row) => {
    const reason = row.raw === null ? null : secretOf(workspace, manifest, row);
    return reason === null ? row : { ...row, key: row.key === null ? null : "***", raw: `*** (${reason}; --reveal shows it)` };
  });
}

function secretOf(workspace: Workspace, manifest: Manifest | null, { table }: QuarantinedRow): string | null {
  const definition = workspace.project.bronze.find((item) => item.name === table);
  const sensitive = Object.entries(definition?.columns ?? {}).flatMap(([name, column]) => (column.sensitive ? [name] : []));
  if (sensitive.length > 0) return `holds sensitive columns: ${sensitive.join(", ")}`;
  const model = manifest?.tables.find((item) => item.name === table);
  return manifest !== null && model?.kind === "model" && readsSensitive(model, manifest) ? "made from sensitive columns" : null;
}
