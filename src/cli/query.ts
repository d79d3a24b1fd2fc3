import { print, renderOptions } from "./output.ts";
import { renderTable } from "./render/render-table.ts";
import { type CommonOptions, openWorkspace, readTables } from "./workspace.ts";

/** `assay query SQL`: reads the published tables; cannot change anything. */
export async function queryCommand(sql: string, options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const result = await readTables(workspace, (session) => workspace.warehouse.query(session, sql));
  print(options.json, { columns: result.columns, rows: result.rows }, () => renderTable(result, renderOptions()));
  return 0;
}
