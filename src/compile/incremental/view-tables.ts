import type { DeclaredTable, SqlAnalyzer } from "../../ports/sql-analyzer.ts";
import type { TableName } from "../../terms.ts";
import { tableReferences } from "../references.ts";

/** The base tables below each view, by its name in lower case, through views of views. */
export async function viewTables(
  views: ReadonlyMap<TableName, string>,
  tables: ReadonlyMap<string, DeclaredTable>,
  analyzer: SqlAnalyzer,
): Promise<ReadonlyMap<string, readonly TableName[]>> {
  const names = [...views.keys()];
  const outcomes = await analyzer.parse([...views.values()]);
  const reads = new Map<string, readonly string[]>();
  for (const [index, name] of names.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined || "failure" in outcome) continue;
    reads.set(
      name.toLowerCase(),
      tableReferences(outcome.tree.node).map((reference) => reference.name.toLowerCase()),
    );
  }
  const below = (name: string): readonly TableName[] => {
    const inner = reads.get(name);
    if (inner !== undefined) return inner.flatMap(below);
    const table = tables.get(name)?.name;
    return table === undefined ? [] : [table];
  };
  return new Map([...reads.keys()].map((name) => [name, [...new Set(below(name))]]));
}
