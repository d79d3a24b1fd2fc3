import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import type { Run } from "./context.ts";
import { recordUnpublished } from "./record-unpublished.ts";
import { noFacts, stepResult } from "./step-result.ts";

/** Loads one chunk of what was extracted, and puts it on record in the same transaction; nobody sees its rows until all are published. */
export async function loadChunk(run: Run, session: Session, step: Step, position: number, table: BronzeTable): Promise<StepResult> {
  const started = run.clock();
  const { chunk: range } = step;
  if (range === undefined || !("file" in range)) throw new Error(`${step.step} names no chunk`);
  const { batch_id, chunk, file, first, rows } = range;
  return session.transaction(async () => {
    const loaded = { table: table.name, batch_id, chunk };
    if (await run.store.isLoaded(session, loaded)) {
      // The answer to its commit was lost.
      const recorded = await run.store.readStep(session, run.runId, step.step);
      if (recorded !== null) return recorded;
      throw new Error(`${step.step} was loaded by another run`);
    }
    const found = await run.engine.loadPart(session, table, { file: run.lake.absolute(file), first, rows });
    if (found !== rows) {
      throw new AssayError("LEDGER_UNBALANCED", `${step.step} has ${rows} rows, but ${found} were loaded`, {
        hint: `the batch file ${file} is not what was written; run with --full-refresh to read the source again`,
        location: table.location,
      });
    }
    const result = stepResult(step, "succeeded", { ...noFacts, rows_in: rows, rows_out: found }, run.clock() - started, null);
    await recordUnpublished(run, session, position, result, { chunk: { ...loaded, rows: found } });
    return result;
  });
}
