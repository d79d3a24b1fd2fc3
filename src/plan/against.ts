import { changedParts } from "../compile/fingerprint.ts";
import type { Manifest, ManifestTable } from "../compile/manifest.ts";
import type { Publication, State } from "../ports/state-store.ts";
import type { Params, TableName } from "../terms.ts";

/**
 * Why a table is not taken from the environment a run is held against. `new`: it is not published there · `changed`: by another definition, or
 * with other parameters · `downstream`: only what it reads, or its checks compare with, is one of these.
 */
export interface TableChange {
  readonly table: TableName;
  readonly kind: "new" | "changed" | "downstream";
  /** Parts of the definition that differ, e.g. `sql`, `contract`, `checks`; `definition` where the parts are not known. */
  readonly parts: readonly string[];
  /** Parameters whose values differ. */
  readonly params: readonly string[];
  /** Tables it depends on that differ. */
  readonly upstreams: readonly TableName[];
}

/** A table that is read from another environment instead of being built. */
export interface Deferral {
  readonly environment: string;
  /** As it is published there. */
  readonly publication: Publication;
  /** Environment, version and the run that made it: another one means other rows. */
  readonly origin: string;
}

/** What a plan knows of the environment it is held against. */
export interface Against {
  readonly environment: string;
  readonly changes: ReadonlyMap<TableName, TableChange>;
  /** Every table that is published there. */
  readonly deferrals: ReadonlyMap<TableName, Deferral>;
  /** Tables that are published there and declared no more. */
  readonly removed: readonly TableName[];
}

/** Place of a deferral's origin among the inputs of a publication. */
const originInput = "deferred from";

/** Where a publication's rows are read from; null: they are its environment's own. */
export const deferredFrom = (publication: Publication | undefined): string | null => publication?.inputs[originInput] ?? null;

/** The inputs of a table that is read from elsewhere; `more` belongs to its materialization. */
export const deferredInputs = (deferral: Deferral, more: Publication["inputs"] = {}): Publication["inputs"] => ({
  ...more,
  [originInput]: deferral.origin,
});

/** Holds a project against what an environment has published. Pure. */
export function against(manifest: Manifest, environment: string, state: Pick<State, "publications" | "commits">, params: Params): Against {
  const changes = new Map<TableName, TableChange>();
  const deferrals = new Map<TableName, Deferral>();
  for (const table of manifest.tables) {
    const publication = state.publications.get(table.name);
    const change = changeOf(table, publication, params, changes);
    if (change !== null) changes.set(table.name, change);
    if (publication !== undefined) deferrals.set(table.name, deferral(environment, publication, state));
  }
  const declared = new Set<string>(manifest.tables.map((table) => table.name));
  const removed = [...state.publications.keys()].filter((subject) => !declared.has(subject) && /^(?:bronze|silver|gold)\./.test(subject));
  return { environment, changes, deferrals, removed: removed.sort() as TableName[] };
}

function changeOf(
  table: ManifestTable,
  publication: Publication | undefined,
  params: Params,
  changes: ReadonlyMap<TableName, TableChange>,
): TableChange | null {
  const upstreams = table.dependencies.filter((name) => changes.has(name));
  if (publication === undefined) return { table: table.name, kind: "new", parts: [], params: [], upstreams };
  const parts =
    publication.fingerprint === table.fingerprint ? [] : (changedParts(publication.fingerprint, table.fingerprint) ?? ["definition"]);
  const changed = table.params.filter((name) => publication.params[name] !== params[name]);
  if (parts.length + changed.length + upstreams.length === 0) return null;
  return { table: table.name, kind: parts.length + changed.length === 0 ? "downstream" : "changed", parts, params: changed, upstreams };
}

function deferral(environment: string, publication: Publication, { commits }: Pick<State, "commits">): Deferral {
  const { subject, version, run_id } = publication;
  // A build that makes the same rows keeps the version; the run that made it first tells it from that of a database begun anew.
  const made = commits.get(subject as TableName)?.find((commit) => commit.version === version)?.run_id ?? run_id;
  return { environment, publication, origin: `${environment}, version ${version} of run ${made}` };
}

/** In words: what makes a table differ from the other environment's. */
export function changeText(change: TableChange, environment: string): string {
  if (change.kind === "new") return `${environment} does not have it`;
  const named = [...change.parts.map((part) => part.replaceAll("_", " ")), ...change.params.map((name) => `parameter ${name}`)];
  const own = named.length === 0 ? [] : [`${named.join(", ")} ${named.length === 1 ? "differs" : "differ"} from ${environment}`];
  const [first, ...others] = change.upstreams;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return [...own, ...(first === undefined ? [] : [`downstream of ${first}${more}`])].join("; ");
}

/** Tables to read from the other environment: the unchanged ones that are selected, or that something selected depends on. */
export function deferredTables(manifest: Manifest, selected: ReadonlySet<TableName>, held: Against): ReadonlySet<TableName> {
  const needed = new Set<TableName>(selected);
  for (const table of manifest.tables.toReversed()) {
    if (needed.has(table.name)) for (const name of table.dependencies) needed.add(name);
  }
  return new Set([...needed].filter((name) => !held.changes.has(name)));
}
