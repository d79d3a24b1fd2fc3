import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ModelTable } from "../compile/manifest.ts";
import { splitTable } from "../define/split-table.ts";
import type { Step } from "../plan/plan.ts";
import { sinkFingerprint, sinkSubject } from "../plan/plan-run.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { isoTime, newPublication, type Run } from "./context.ts";
import { sinkOf } from "./sink-of.ts";
import { noFacts, stepResult } from "./step-result.ts";

/** Sends a published table to a sink. The load is recorded after the target has swapped it in; a kill in between only repeats it. */
export async function sendTable(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  const started = run.clock();
  const definition = sinkOf(run.manifest, step);
  if (definition === undefined) throw new Error(`the plan names ${step.step}, the manifest does not`);
  const { sink, identity } = await run.openSink(definition.name);
  const scratch = join(run.scratch, `${definition.name}.${table.name}`);
  await mkdir(scratch, { recursive: true });
  try {
    const load = await sink.load(
      {
        schema: definition.schema,
        table: splitTable(table.name).name,
        description: table.description,
        columns: table.columns,
        primaryKey: table.grain,
        indexes: table.indexes,
      },
      run.engine.sinkRows(session, table.name, table.columns),
      scratch,
      run.signal,
    );
    const rowsIn = run.publications.get(table.name)?.rows ?? load.fingerprint.rows;
    const facts = {
      ...noFacts,
      rows_in: rowsIn,
      rows_out: load.fingerprint.rows,
      notes: [...load.migrations, `read back ${load.fingerprint.rows} rows, checksum ${load.fingerprint.checksum}`],
    };
    const result = stepResult(step, "succeeded", facts, run.clock() - started, null);
    const finished = isoTime(run.clock());
    const made = {
      subject: sinkSubject(definition.name, table.name),
      fingerprint: sinkFingerprint(definition, table, identity),
      inputs: { [table.name]: run.publications.get(table.name)?.version ?? "" },
      params: {},
      rows: load.fingerprint.rows,
    };
    const publication = newPublication(run, made, true, finished);
    await session.transaction(() =>
      run.store.recordStep(session, {
        run_id: run.runId,
        position,
        result,
        finished_at: finished,
        publication,
        commit: null,
        ingest: null,
      }),
    );
    return result;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
