import { didYouMean } from "../define/nearest-name.ts";
import { splitTable } from "../define/split-table.ts";
import { AssayError } from "../errors.ts";
import type { TableName } from "../terms.ts";
import type { Workspace } from "./workspace.ts";

/** A table of the project by its name, with or without its layer. Throws TABLE_UNKNOWN. */
export function knownTable(workspace: Workspace, name: string): TableName {
  const tables = [...workspace.project.bronze, ...workspace.project.models].map((table) => table.name);
  const exact = tables.find((table) => table === name) ?? tables.find((table) => splitTable(table).name === name);
  if (exact !== undefined) return exact;
  throw new AssayError("TABLE_UNKNOWN", `the project has no table ${name}`, { hint: didYouMean(name, tables) });
}
