import { fingerprintOf } from "../compile/fingerprint.ts";
import type { BronzeTable } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { SourceFile } from "../ports/source.ts";
import type { Extract } from "../ports/state-store.ts";
import type { StepResult } from "../terms.ts";
import { chunksOf } from "./chunks-of.ts";
import { paramsOf, type Run } from "./context.ts";
import { ingestTable, type LandedBatch } from "./ingest.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import { noFacts, type StepFacts, stepResult } from "./step-result.ts";

/**
 * The first of three parts of an ingest in chunks: new and changed files are read once, through the door, and become Parquet of a new batch.
 * What is loaded from it, and published after that, is on record: a later run goes on with it, unless the source has changed since.
 */
export async function extractTable(run: Run, session: Session, step: Step, position: number, table: BronzeTable): Promise<StepResult> {
  const started = run.clock();
  const input = inputOf(run, table);
  const before = await run.store.readExtract(session, table.name);
  // The answer to its commit was lost.
  const recorded = before?.run_id === run.runId ? await run.store.readStep(session, run.runId, step.step) : null;
  if (recorded !== null) return recorded;
  const record = async (made: { readonly extract?: Extract }, facts: StepFacts): Promise<StepResult> => {
    const result = stepResult(step, "succeeded", facts, run.clock() - started, null);
    await recordUnpublished(run, session, position, result, made);
    return result;
  };
  if (before !== null && isUsable(run, before, input)) {
    const loaded = await run.store.readChunks(session, table.name, before.batch_id);
    const note = `goes on with what run ${before.run_id} extracted: ${loaded.size} of ${chunksOf(before).length} chunks are loaded`;
    return session.transaction(() => record({}, { ...noFacts, notes: [note] }));
  }
  const publish = async ({ batchId, folder, ingested }: LandedBatch): Promise<StepResult> => {
    const { current, rows, replicas, evolved, facts } = ingested;
    const extract: Extract = {
      table: table.name,
      batch_id: batchId,
      run_id: run.runId,
      input,
      folder: folder === null ? null : run.lake.relative(folder),
      chunk_rows: table.chunks?.rows ?? Number.MAX_SAFE_INTEGER,
      current,
      quarantined: rows,
      replicas,
      evolved,
    };
    const files = new Set(chunksOf(extract).map((chunk) => run.lake.absolute(chunk.file)));
    return session.transaction(async () => {
      await run.engine.prepareParts(session, table, [...files]);
      return record({ extract }, facts);
    });
  };
  const result = await ingestTable(run, session, table, publish);
  if (before !== null && before.folder !== null) await run.lake.removeBatch(run.lake.absolute(before.folder));
  return result;
}

/** Equal where the same files would be extracted in the same way: what a full refresh or a replay reads is not what other runs would. */
function inputOf(run: Run, table: BronzeTable): string {
  const observation = run.observations.get(table.name);
  const { version = null, run_id = null } = run.publications.get(table.name) ?? {};
  return fingerprintOf({
    files: observation === undefined || "error" in observation ? [] : observation.files.map(({ name, sha256 }) => [name, sha256]),
    lake: run.lake.absolute(""),
    fingerprint: table.fingerprint,
    contract: table.contractFingerprint,
    params: paramsOf(run, table),
    chunks: table.chunks?.rows ?? null,
    published: [version, run_id],
    wish: { fullRefresh: run.fullRefresh, replay: run.replays?.has(table.name) ?? false },
  });
}

function isUsable(run: Run, extract: Extract, input: string): boolean {
  if (run.fullRefresh || run.replays?.has(extract.table) === true || extract.input !== input) return false;
  const observation = run.observations.get(extract.table);
  if (observation === undefined || "error" in observation) return false;
  // What lies elsewhere may have changed between the look at it and its reading, or not be known without reading it.
  const isRead = ({ name, sha256 }: SourceFile): boolean =>
    sha256 !== "" && extract.current.some((file) => file.replay_of === null && file.name === name && file.sha256 === sha256);
  if (!observation.files.every(isRead)) return false;
  return extract.current.every((file) => file.batch_id !== extract.batch_id || file.files === "" || run.lake.holds(file.files));
}
