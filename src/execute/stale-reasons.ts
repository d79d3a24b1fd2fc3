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
  return [...changed, ...newerUpstreams(table, published, manifest, publications)];
}

function newerUpstreams(
  table: ModelTable,
  published: Publication,
  manifest: Pick<Manifest, "tables">,
  publications: ReadonlyMap<string, Publication>,
): readonly string[] {
  const ignored = ignoredUpstreams(table);
  return table.upstreams
    .filter((name) => !ignored.includes(name))
    .flatMap((name) => {
      const now = publications.get(name);
      const consumed = published.inputs[name];
      if (now === undefined) return [`${name} was never built`];
      if (now.version !== consumed) return [`${name} has version ${now.version}, ${table.name} was built from ${consumed ?? "none"}`];
      const upstream = manifest.tables.find((item) => item.name === name);
      const isView = upstream?.kind === "model" && upstream.materialize.kind === "view";
      return isView ? newerUpstreams(upstream, now, manifest, publications) : [];
    });
}

/** Upstreams whose changes do not rebuild the table's rows. */
export function ignoredUpstreams(table: ModelTable): readonly TableName[] {
  if (table.materialize.kind !== "incremental") return [];
  const { ignoreChanges } = table.materialize;
  return table.upstreams.filter((name) => ignoreChanges.includes(name));
}
