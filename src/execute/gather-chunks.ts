import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { chunksOf } from "./chunks-of.ts";
import type { Run } from "./context.ts";
import { publishBronze } from "./publish-bronze.ts";
import { noFacts } from "./step-result.ts";

/** The last part of an ingest in chunks: when all are loaded they are checked and published, in one transaction. */
export async function gatherChunks(run: Run, session: Session, step: Step, position: number, table: BronzeTable): Promise<StepResult> {
  const started = run.clock();
  const extract = await run.store.readExtract(session, table.name);
  if (extract === null) {
    // The answer to its commit was lost.
    const recorded = await run.store.readStep(session, run.runId, step.step);
    if (recorded !== null) return recorded;
    throw new Error(`nothing is extracted for ${table.name}`);
  }
  const { batch_id, current, quarantined, replicas, evolved } = extract;
  const loaded = await run.store.readChunks(session, table.name, batch_id);
  const missing = chunksOf(extract).find(({ chunk, rows }) => loaded.get(chunk) !== rows);
  if (missing !== undefined) {
    throw new AssayError("LEDGER_UNBALANCED", `${table.name}: chunk ${missing.chunk} of ${missing.of} is not loaded`, {
      hint: "run again: what is not loaded yet will be",
      location: table.location,
    });
  }
  const replayed = current.filter((file) => file.batch_id === batch_id && file.replay_of !== null);
  const rows = [...loaded.values(), ...replayed.map((file) => file.rows)].reduce((sum, value) => sum + value, 0);
  return publishBronze(run, session, step, position, table, {
    started,
    before: run.state.files.filter((file) => file.table === table.name),
    current,
    rows: quarantined,
    replicas,
    facts: { ...noFacts, rows_in: rows, rows_out: rows },
    evolved,
  });
}
