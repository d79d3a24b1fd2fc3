import type { ModelTable } from "../compile/manifest.ts";
import { columnList, quoteIdentifier } from "../define/quote.ts";
import type { Step } from "../plan/plan.ts";
import { chunkColumn, chunkTables, dropChunkTables } from "../ports/chunk-tables.ts";
import type { Session } from "../ports/engine.ts";
import type { Split, StepRecord } from "../ports/state-store.ts";
import type { StepResult } from "../terms.ts";
import { countOf, oneRow, paramsOf, type Run } from "./context.ts";
import { modeOf } from "./mode-of.ts";
import { modelInput } from "./model-input.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import { spliceNow } from "./splice-now.ts";
import { buildError } from "./step-failure.ts";
import { noFacts, stepResult } from "./step-result.ts";
import { NotRefreshable, touchedPart } from "./touched-values.ts";
import { typedColumns } from "./typed-columns.ts";

/**
 * The first of three parts of a full build in chunks: which values of `by` there are, each with the number of its chunk. A later run goes on
 * with them, unless what the model reads has changed since. Nothing to split: changes are followed, or all of it is no more than a chunk.
 */
export async function splitModel(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  const started = run.clock();
  const { sql } = session;
  // The answer to its commit was lost.
  const recorded = await run.store.readStep(session, run.runId, step.step);
  if (recorded !== null) return recorded;
  const before = await run.store.readSplit(session, table.name);
  const record = async (note: string, made: Pick<StepRecord, "split">): Promise<StepResult> => {
    const result = stepResult(step, "succeeded", { ...noFacts, notes: [note] }, run.clock() - started, null);
    await recordUnpublished(run, session, position, result, made);
    return result;
  };
  const nothing = before === null ? {} : { split: null };
  const why = await whyInFull(run, session, step, table);
  const splice = spliceNow(run, table);
  const input = modelInput(run, table);
  if (why !== null && "text" in splice && before !== null && before.input === input && isUsable(run, step)) {
    const made = await run.store.readChunks(session, table.name, before.batch_id);
    const note = `goes on with what run ${before.run_id} split: ${made.size} of ${before.chunks} chunks are made`;
    return session.transaction(() => record(note, {}));
  }
  return session.transaction(async () => {
    if (before !== null) await session.execute({ text: dropChunkTables(sql, table.name) });
    if (why === null) return record("nothing to split: changes are followed", nothing);
    // Every chunk would read all of what the model reads.
    if ("why" in splice) return record(`in one piece: ${splice.why}`, nothing);
    const found = await divide(run, session, step, table);
    const { by = [] } = table.incremental ?? {};
    const told = `${found.values} values of ${by.join(", ")}`;
    if (found.chunks > 1) {
      const split = { table: table.name, batch_id: `${table.name}/${run.runId}`, run_id: run.runId, input, why, ...found };
      return record(`${told} in ${found.chunks} chunks`, { split });
    }
    await session.execute({ text: dropChunkTables(sql, table.name) });
    return record(`nothing to split: ${told}`, nothing);
  });
}

const isUsable = (run: Run, step: Step): boolean => !run.fullRefresh && step.action === "run" && step.reason !== "replay";

/** Why the build is a full one (empty: there is no other), or null: changes can be followed, at less cost. */
async function whyInFull(run: Run, session: Session, step: Step, table: ModelTable): Promise<string | null> {
  const mode = modeOf(run, step, table);
  if (mode.mode === "full") return mode.why;
  try {
    await session.transaction(async () => (await touchedPart(run, session, table, mode)).drop());
    return null;
  } catch (error) {
    if (!(error instanceof NotRefreshable)) throw error;
    return error.message;
  }
}

/** Neighbours in the order of `by` are in one chunk, so that partitions stay together as far as they can. */
async function divide(run: Run, session: Session, step: Step, table: ModelTable): Promise<Pick<Split, "chunks" | "values">> {
  const { sql } = session;
  const { values, rows } = chunkTables(table.name);
  const by = table.columns.filter(({ name }) => table.incremental?.by.includes(name));
  const names = columnList(by.map(({ name }) => name));
  const size = step.chunks?.values ?? Number.MAX_SAFE_INTEGER;
  const distinct = `select distinct ${typedColumns(sql, by)} from (${table.select}\n) as made`;
  const chunk = `cast(ceil(row_number() over (order by ${names}) * 1.0 / ${size}) as integer)`;
  const text = `create table ${sql.table(values)} as select ${names}, ${chunk} as ${chunkColumn} from (${distinct}) as found`;
  await session.execute({ text, params: paramsOf(run, table) }).catch((error: unknown) => {
    throw buildError(run, table, error);
  });
  const columns = table.columns.map(({ name, type }) => `${quoteIdentifier(name)} ${sql.type(type)}`);
  await session.execute({ text: `create table ${sql.table(rows)} (${columns.join(", ")}, ${chunkColumn} integer not null)` });
  const found = await oneRow(session, `select count(*) as found, max(${chunkColumn}) as chunks from ${sql.table(values)}`);
  return { values: countOf(found.found), chunks: countOf(found.chunks) };
}
