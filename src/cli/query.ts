import { requireSelect } from "../adapters/duckdb/require-select.ts";
import { AssayError, messageOf } from "../errors.ts";
import { print, renderOptions } from "./output.ts";
import { renderTable } from "./render/render-table.ts";
import { type CommonOptions, openWorkspace, readTables } from "./workspace.ts";

/** `assay query SQL`: reads the published tables; cannot change anything. */
export async function queryCommand(sql: string, options: CommonOptions): Promise<number> {
  const workspace = await openWorkspace(options);
  const result = await readTables(workspace, async (session) => {
    await requireSelect(session, sql);
    try {
      return await session.result({ text: sql });
    } catch (error) {
      if (error instanceof AssayError) throw error;
      const message = messageOf(error).replace(/\n\s*\n/g, "\n");
      throw new AssayError("QUERY_FAILED", message, { hint: hintFor(message), cause: error });
    }
  });
  print(options.json, { columns: result.columns, rows: result.rows }, () => renderTable(result, renderOptions()));
  return 0;
}

function hintFor(message: string): string {
  if (/Table with name .* does not exist/.test(message))
    return "tables are named with their layer, e.g. gold.sales; assay check --json lists them";
  if (/No files found that match/.test(message)) return "files of the lake are gone: assay run --full-refresh reads the sources again";
  return "the query is written in DuckDB's SQL";
}
