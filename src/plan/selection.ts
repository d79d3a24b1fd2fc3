import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import { didYouMean } from "../define/nearest-name.ts";
import { splitTable } from "../define/split-table.ts";
import { AssayError } from "../errors.ts";
import type { TableName } from "../terms.ts";

/**
 * Tables named by selectors: `gold.fact_sales` or `fact_sales`, `gold.*`, `*`, `tag:daily`; `+name` adds everything upstream, `name+`
 * everything downstream. Several selectors add up. Throws SELECTION_EMPTY for one that matches nothing, and when there is none.
 */
export function selectTables(manifest: Manifest, selectors: readonly string[]): ReadonlySet<TableName> {
  const parts = selectors.flatMap((selector) => selector.split(/[\s,]+/)).filter((part) => part !== "");
  if (parts.length === 0)
    throw new AssayError("SELECTION_EMPTY", "no table is selected", { hint: "name tables, e.g. gold.*, or * for all" });
  return new Set(parts.flatMap((part) => [...matches(manifest, part)]));
}

function matches(manifest: Manifest, selector: string): ReadonlySet<TableName> {
  const [, up, name = "", down] = /^(\+?)(.*?)(\+?)$/.exec(selector) ?? [];
  const named = manifest.tables.filter((table) => isNamed(table, name)).map((table) => table.name);
  if (named.length === 0) throw nothingNamed(manifest, selector, name);
  const selected = new Set<TableName>(named);
  if (up === "+") for (const name of closure(named, upstreamsOf(manifest))) selected.add(name);
  if (down === "+") for (const name of closure(named, downstreamsOf(manifest))) selected.add(name);
  return selected;
}

function nothingNamed(manifest: Manifest, selector: string, name: string): AssayError {
  if (manifest.tables.length === 0) {
    return new AssayError("SELECTION_EMPTY", "the project declares no tables", {
      hint: "export definitions from files in sources/ and models/",
    });
  }
  const isTag = name.startsWith("tag:");
  const known = manifest.tables.flatMap((table) => (isTag ? table.tags.map((tag) => `tag:${tag}`) : [table.name]));
  return new AssayError("SELECTION_EMPTY", `the selector ${selector} matches no table`, {
    hint: known.length === 0 ? "no table has a tag" : didYouMean(name, [...new Set(known)]),
  });
}

function isNamed(table: ManifestTable, name: string): boolean {
  if (name.startsWith("tag:")) return table.tags.includes(name.slice(4));
  const pattern = new RegExp(`^${name.replace(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", ".*")}$`, "i");
  return pattern.test(table.name) || pattern.test(splitTable(table.name).name);
}

type Neighbours = ReadonlyMap<TableName, readonly TableName[]>;

function upstreamsOf(manifest: Manifest): Neighbours {
  return new Map(manifest.tables.map((table) => [table.name, table.dependencies] as const));
}

function downstreamsOf(manifest: Manifest): Neighbours {
  const downstreams = new Map<TableName, TableName[]>();
  for (const table of manifest.tables) {
    for (const upstream of table.dependencies) downstreams.set(upstream, [...(downstreams.get(upstream) ?? []), table.name]);
  }
  return downstreams;
}

function closure(start: readonly TableName[], neighbours: Neighbours): ReadonlySet<TableName> {
  const reached = new Set<TableName>();
  const open = [...start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const next of neighbours.get(name) ?? []) {
      if (!reached.has(next)) {
        reached.add(next);
        open.push(next);
      }
    }
  }
  return reached;
}
