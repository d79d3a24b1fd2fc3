import type { UpstreamLink } from "../compile/incremental/upstream-link.ts";
import type { ModelTable } from "../compile/manifest.ts";
import type { Commit, Publication } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";

/** An upstream whose changes since the version a model has read are known row by row. */
export interface ChangedUpstream {
  readonly link: UpstreamLink & { readonly kind: "linked" | "declared" };
  /** Version read last, and the newest. */
  readonly after: string;
  readonly upTo: string;
}

/** A build of the values that changes touch. */
export interface RefreshMode {
  readonly mode: "refresh";
  readonly why: string;
  readonly changed: readonly ChangedUpstream[];
}

/** How a model that has to run is built: from its whole definition, or for the values that changes touch. */
export type BuildMode = { readonly mode: "full"; readonly why: string } | RefreshMode;

/** What is published and how it came to be, as a plan or a run sees it. */
export interface Versions {
  readonly publications: ReadonlyMap<string, Publication>;
  readonly commits: ReadonlyMap<TableName, readonly Commit[]>;
}

/** Place of a view's definition among the inputs of a model that follows changes through it. */
export const viewInput = (view: TableName): string => `definition of ${view}`;

/** Stands in that place when the view showed older rows than those of the tables below it. */
export const behindTables = "behind";

/**
 * Of the views a model follows changes through, the first that shows older rows than its upstreams hold now: it is stored rows until its own
 * step has run.
 */
export function viewBehind(publications: Versions["publications"], views: readonly { readonly table: TableName }[]): TableName | null {
  const isBehind = (view: TableName): boolean => {
    const read = new Map(Object.entries(publications.get(view)?.inputs ?? {}));
    const isNewer = ([name, version]: readonly [string, string]): boolean =>
      publications.has(name) && publications.get(name)?.version !== version;
    return [...read].some(isNewer) || views.some(({ table }) => read.has(table) && isBehind(table));
  };
  return views.find(({ table }) => isBehind(table))?.table ?? null;
}

/**
 * Can the model be refreshed by the changes of its upstreams since it was built? Every doubt means full, in words that say what to do
 * about it. Definition, parameters and force were looked at before: this is about new input alone. `ahead`: tables whose steps run before it.
 */
export function buildModeOf(table: ModelTable, versions: Versions, ahead: Pick<ReadonlySet<TableName>, "has"> = new Set()): BuildMode {
  const plan = table.incremental;
  const publication = versions.publications.get(table.name);
  if (plan === null || publication === undefined) return { mode: "full", why: "" };
  const view = plan.views.find(({ table: name, fingerprint }) => {
    const published = versions.publications.get(name)?.fingerprint;
    return published !== fingerprint || published !== publication.inputs[viewInput(name)];
  });
  if (view !== undefined) {
    const wasBehind = publication.inputs[viewInput(view.table)] === behindTables;
    return {
      mode: "full",
      why: `the view ${view.table} ${wasBehind ? "showed older rows" : "is defined otherwise than"} when it was read last`,
    };
  }
  const behind = viewBehind(
    versions.publications,
    plan.views.filter((item) => !ahead.has(item.table)),
  );
  if (behind !== null) return { mode: "full", why: `the view ${behind} shows older rows until its own step has run` };
  const changed: ChangedUpstream[] = [];
  for (const link of plan.upstreams) {
    const after = publication.inputs[link.table];
    const upTo = versions.publications.get(link.table)?.version;
    if (after === upTo || link.kind === "ignored") continue;
    if (link.kind === "full") return { mode: "full", why: `${link.table} changed, and ${link.reason}` };
    if (after === undefined || upTo === undefined) return { mode: "full", why: `it has not read ${link.table} before` };
    if (!allKept(versions.commits.get(link.table) ?? [], after, upTo))
      return { mode: "full", why: `${link.table} changed as a whole: which rows is not recorded` };
    changed.push({ link, after, upTo });
  }
  const through = changed.map(({ link }) =>
    link.kind === "linked" ? `${link.table} through ${link.through}` : `${link.table} as declared`,
  );
  return { mode: "refresh", why: `by ${plan.by.join(", ")}${through.length === 0 ? "" : `: ${through.join("; ")}`}`, changed };
}

function allKept(commits: readonly Commit[], after: string, upTo: string): boolean {
  const kept = new Set(commits.filter((commit) => commit.kind === "changes").map((commit) => Number(commit.version)));
  for (let version = Number(after) + 1; version <= Number(upTo); version++) if (!kept.has(version)) return false;
  return Number(upTo) > Number(after);
}
