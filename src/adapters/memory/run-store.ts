import type { Commit, IngestedFile, Publication, RunStore, State } from "../../ports/state-store.ts";
import type { TableName } from "../../terms.ts";

/**
 * What runs leave behind, kept for as long as the process lives: enough to plan and carry out the next run of a test. Steps, checks and
 * refused rows are in the run's result and are not kept here.
 */
export function memoryRunStore(): { readonly store: RunStore; readonly state: () => State } {
  const publications = new Map<string, Publication>();
  const commits = new Map<TableName, readonly Commit[]>();
  const files = new Map<TableName, readonly IngestedFile[]>();
  return {
    state: () => ({
      publications: new Map(publications),
      commits: new Map(commits),
      files: [...files.values()].flat().toSorted((a, b) => a.sequence - b.sequence),
    }),
    store: {
      unfinishedRuns: async () => [],
      startRun: async () => undefined,
      finishRun: async () => undefined,
      recordSkipped: async () => undefined,
      readQuarantine: async () => ({ rows: [], total: 0 }),
      // Within the step's transaction: a step that fails before it comes here leaves no publication.
      recordStep: async (_session, { result, publication, commit, ingest }) => {
        if (publication !== null) publications.set(publication.subject, publication);
        if (commit !== null) commits.set(commit.subject, [...(commits.get(commit.subject) ?? []), commit]);
        if (ingest !== null) files.set(result.table, ingest.current);
      },
    },
  };
}
