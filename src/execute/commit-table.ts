import type { ManifestTable } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { DivertedRows } from "../ports/quarantine.ts";
import type { BuildCost, Commit, IngestRecord, Metric, Publication } from "../ports/state-store.ts";
import type { RowChanges, StepResult } from "../terms.ts";
import { inputsOf, isoTime, newPublication, paramsOf, type Run } from "./context.ts";
import { type StepFacts, stepResult } from "./step-result.ts";
import type { Published } from "./step-work.ts";

/** A table that is ready to be seen: its rows, and how they differ from those published before. */
export interface ReadyTable {
  readonly started: number;
  readonly rows: number;
  /** `none`: the same rows · `changes`: recorded row by row · `reset`: others. */
  readonly kind: "none" | Commit["kind"];
  readonly facts: StepFacts;
  readonly content: string | null;
  readonly cost: BuildCost | null;
  readonly ingest: IngestRecord | null;
  /** Rows left out by rules; for a model that has such rules. */
  readonly diverted?: DivertedRows;
  /** Its rows were made in chunks, whose record ends now. */
  readonly gathered?: true;
  /** What checks measured, for later ones to compare with. */
  readonly metrics: readonly Metric[];
  /** Inputs beyond the versions of what the table depends on. */
  readonly moreInputs: Readonly<Record<string, string>>;
  /** Leave the cursor where it was: only some values were built from what the upstreams hold now. */
  readonly keepInputs?: boolean;
}

/** What becomes visible once the transaction is through. */
export interface Committed extends Published {
  readonly publication: Publication;
  readonly result: StepResult;
}

/** Writes publication, commit and step record; the last thing in the transaction that publishes a table. */
export async function commitTable(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ManifestTable,
  ready: ReadyTable,
): Promise<Committed> {
  const finished = isoTime(run.clock());
  const publication = newPublication(
    run,
    {
      subject: table.name,
      fingerprint: table.fingerprint,
      inputs: { ...(ready.keepInputs === true ? run.publications.get(table.name)?.inputs : inputsOf(run, table)), ...ready.moreInputs },
      params: paramsOf(run, table),
      rows: ready.rows,
      content: ready.content,
      cost: ready.cost,
    },
    ready.kind !== "none",
    finished,
  );
  // Where nobody follows them the changes are not kept, and a model that comes back later must not take them for none.
  const commit =
    ready.kind === "none"
      ? null
      : commitOf(table, publication, { kind: table.tracked ? ready.kind : "reset", changes: ready.facts.changes });
  const result = stepResult(step, "succeeded", ready.facts, run.clock() - ready.started, null);
  await run.store.recordStep(session, {
    run_id: run.runId,
    position,
    result,
    finished_at: finished,
    publication,
    replaces: run.publications.has(table.name),
    commit,
    ingest: ready.ingest,
    ...(ready.gathered === undefined ? {} : { split: null }),
    ...(ready.diverted === undefined ? {} : { diverted: ready.diverted }),
    metrics: ready.metrics,
  });
  return { publication, commits: commit === null ? [] : [commit], result };
}

/** What a publication of other rows than before changed in its table. */
export function commitOf(
  table: Pick<ManifestTable, "name">,
  { version, run_id, published_at }: Publication,
  { kind, changes }: { readonly kind: Commit["kind"]; readonly changes: RowChanges | null },
): Commit {
  const { inserted = null, updated = null, deleted = null } = changes ?? {};
  return { subject: table.name, version, run_id, kind, inserted, updated, deleted, committed_at: published_at };
}

/** Lets the run's later steps see what was published. */
export function remember(run: Run, { publication, commits }: Published): void {
  if (publication !== null) run.publications.set(publication.subject, publication);
  for (const commit of commits) run.commits.set(commit.subject, [...(run.commits.get(commit.subject) ?? []), commit]);
}
