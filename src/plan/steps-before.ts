import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import type { TableName } from "../terms.ts";

/**
 * Steps that a table's own one waits for: those of what it reads. A view among that, which does not run, shows what it reads itself: when that
 * changes, views over it are frozen, the table's own among them.
 */
export function stepsBefore(
  { dependencies }: ManifestTable,
  manifest: Manifest,
  running: ReadonlyMap<TableName, string>,
): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<TableName>();
  const visit = (name: TableName): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const step = running.get(name);
    if (step !== undefined) {
      found.add(step);
      return;
    }
    const table = manifest.tables.find((item) => item.name === name);
    if (table?.kind === "model" && table.materialize.kind === "view") for (const below of table.dependencies) visit(below);
  };
  for (const name of dependencies) visit(name);
  return [...found];
}
