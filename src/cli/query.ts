import { AssayError, messageOf } from "../errors.ts";
import { print, renderOptions } from "./output.ts";
import { renderTable } from "./render/render-table.ts";
import { type CommonOptions, openWorkspace, readTables } from "./workspace.ts";

/** `assay query SQL`: reads the published tables; cannot change anything. */
export async function queryCommand(sql: string, options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const result = await readTables(workspace, async (session) => {
    try {
      return await session.result({ text: sql });
    } catch (error) {
      if (error instanceof AssayError) throw error;
      throw new AssayError("QUERY_FAILED", messageOf(error), { hint: "tables are named with their layer, e.g. gold.fact_sales", cause: error });
    }
  });
  print(options.json, { columns: result.columns, rows: result.rows }, () => renderTable(result, renderOptions()));
  return 0;
}
