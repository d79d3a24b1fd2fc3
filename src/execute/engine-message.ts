import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { messageOf } from "../errors.ts";
import { withFunctionNames } from "../ports/project-function.ts";
import type { TableName } from "../terms.ts";

/** The engine's words without the query; without values, too, where a sensitive column is among what the table is made from. */
export function engineMessage(error: unknown, table: ManifestTable, manifest: Pick<Manifest, "tables">): string {
  const message = withFunctionNames(messageOf(error).split("\nLINE")[0]?.trim() ?? "");
  if (!readsSensitive(table, manifest)) return message;
  return message.replace(/'[^']*'|"[^"]*"|(?<!\w)-?\d[\w.:+-]*/g, "***");
}

/** Does a table hold sensitive columns, or read, by whatever way, one that does? */
export function readsSensitive(table: ManifestTable, manifest: Pick<Manifest, "tables">): boolean {
  const byName = new Map<TableName, ManifestTable>(manifest.tables.map((item) => [item.name, item]));
  const seen = new Set<TableName>([table.name]);
  const open = [table];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.columns.some((column) => column.sensitive)) return true;
    for (const name of next.dependencies) {
      const upstream = byName.get(name);
      if (upstream === undefined || seen.has(name)) continue;
      seen.add(name);
      open.push(upstream);
    }
  }
  return false;
}
