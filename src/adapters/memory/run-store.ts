import type {
  Commit,
  EvolvedColumn,
  Extract,
  IngestedFile,
  PastMetrics,
  Publication,
  RunStore,
  Split,
  State,
} from "../../ports/state-store.ts";
import type { TableName } from "../../terms.ts";

/**
 * What runs leave behind, kept for as long as the process lives: enough to plan and carry out the next run of a test. Steps, checks and
 * refused rows are in the run's result and are not kept here.
 */
export function memoryRunStore(): { readonly store: RunStore; readonly state: () => State } {
  const publications = new Map<string, Publication>();
  const commits = new Map<TableName, readonly Commit[]>();
  const past = new Map<string, readonly PastMetrics[]>();
  const evolved = new Map<TableName, readonly EvolvedColumn[]>();
  const files = new Map<TableName, readonly IngestedFile[]>();
  const extracts = new Map<TableName, Extract>();
  const splits = new Map<TableName, Split>();
  const chunks = new Map<TableName, Map<number, number>>();
  const state = (): State => ({
    publications: new Map(publications),
    commits: new Map(commits),
    files: [...files.values()].flat().toSorted((a, b) => a.sequence - b.sequence),
  });
  return {
    state,
    store: {
      read: async () => state(),
      unfinishedRuns: async () => [],
      startRun: async () => undefined,
      finishRun: async () => undefined,
      restamp: async () => undefined,
      readStep: async () => null,
      recordAttempt: async () => undefined,
      recordSkipped: async () => undefined,
      readQuarantine: async () => ({ rows: [], total: 0 }),
      readMetrics: async (_session, table) => past.get(table) ?? [],
      readEvolvedColumns: async () => evolved,
      readExtract: async (_session, table) => extracts.get(table) ?? null,
      readSplit: async (_session, table) => splits.get(table) ?? null,
      extractFolders: async () => [...extracts.values()].flatMap(({ folder }) => folder ?? []),
      readChunks: async (_session, table) => chunks.get(table) ?? new Map(),
      chunkTime: async () => 0,
      isLoaded: async (_session, { table, chunk }) => chunks.get(table)?.has(chunk) === true,
      // Within the step's transaction: a step that fails before it comes here leaves no publication.
      recordStep: async (_session, { result, publication, commit, ingest, metrics = [], finished_at: at, extract, split, chunk }) => {
        if (publication !== null) publications.set(publication.subject, publication);
        if (publication !== null && metrics.length > 0) {
          const { subject, version } = publication;
          past.set(subject, [...(past.get(subject) ?? []).filter((item) => item.version !== version), { version, at, metrics }]);
        }
        for (const column of ingest?.evolved ?? []) {
          const others = (evolved.get(result.table) ?? []).filter((item) => item.name !== column.name);
          evolved.set(result.table, [...others, column]);
        }
        if (commit !== null) commits.set(commit.subject, [...(commits.get(commit.subject) ?? []), commit]);
        if (ingest !== null) files.set(result.table, ingest.current);
        if (ingest !== null || extract !== undefined) {
          extracts.delete(result.table);
          chunks.delete(result.table);
        }
        if (split !== undefined) {
          chunks.delete(result.table);
          if (split === null) splits.delete(result.table);
          else splits.set(result.table, split);
        }
        if (extract !== undefined) extracts.set(result.table, extract);
        if (chunk !== undefined) chunks.set(chunk.table, new Map([...(chunks.get(chunk.table) ?? []), [chunk.chunk, chunk.rows]]));
      },
    },
  };
}
