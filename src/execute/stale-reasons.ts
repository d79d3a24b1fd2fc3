import type { Manifest, ModelTable } from "../compile/manifest.ts";
import type { Publication } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";

/**
 * Why a full build of today need not have the rows that are published, though nothing is wrong: another definition, or upstreams that are
 * newer than those the table was made from. Upstreams whose changes the table ignores do not count. Views are looked through, as their rows
 * change with those of what they read.
 */
export function staleReasons(
  table: ModelTable,
  manifest: Pick<Manifest, "tables">,
  publications: ReadonlyMap<string, Publication>,
): readonly string[] {
  const published = publications.get(table.name);
  if (published === undefined) return ["it was never built"];
  const changed = published.fingerprint === table.fingerprint ? [] : ["its definition changed since it was built"];
  return [...changed, ...newerUpstreams(table, table.upstreams, published.inputs, manifest, publications)];
}

/** `consumed`: the version of every upstream that the table was made from. */
function newerUpstreams(
  table: ModelTable,
  upstreams: readonly TableName[],
  consumed: Publication["inputs"],
  manifest: Pick<Manifest, "tables">,
  publications: ReadonlyMap<string, Publication>,
): readonly string[] {
  const ignored = ignoredUpstreams(table);
  return upstreams
    .filter((name) => !ignored.includes(name))
    .flatMap((name) => {
      const now = publications.get(name);
      if (now === undefined) return [`${name} was never built`];
      if (now.version !== consumed[name])
        return [`${name} has version ${now.version}, ${table.name} was built from ${consumed[name] ?? "none"}`];
      const upstream = manifest.tables.find((item) => item.name === name);
      if (upstream?.kind !== "model" || upstream.materialize.kind !== "view") return [];
      // A model that follows changes has recorded what it read below the view; of others only the view's own inputs are known.
      return newerUpstreams(table, upstream.upstreams, { ...now.inputs, ...consumed }, manifest, publications);
    });
}

/** Upstreams, below views too, whose changes do not rebuild the table's rows. */
export function ignoredUpstreams(table: ModelTable): readonly TableName[] {
  return (table.incremental?.upstreams ?? []).filter((link) => link.kind === "ignored").map((link) => link.table);
}
