import type { ModelTable } from "../compile/manifest.ts";
import type { RefreshMode } from "../plan/build-mode.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { appendRows, buildAppend } from "./append.ts";
import { backfillValues } from "./backfill.ts";
import { buildInFull, ownSelect } from "./build-in-full.ts";
import { paramsOf, type Run } from "./context.ts";
import { gatheredRows } from "./gather-rows.ts";
import { makeChunk } from "./make-chunk.ts";
import { modeOf } from "./mode-of.ts";
import { refreshModel } from "./refresh.ts";
import { requireContract } from "./require-contract.ts";
import { buildSnapshot } from "./snapshot.ts";
import { splitModel } from "./split-model.ts";
import { buildError } from "./step-failure.ts";
import { NotRefreshable } from "./touched-values.ts";

/** Builds a model the way it is materialized; whatever fails, the old table stands. */
export async function buildModel(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  await requireContract(session, table, paramsOf(run, table)).catch((error: unknown) => {
    throw buildError(run, table, error);
  });
  if (step.backfill !== undefined) return backfillValues(run, session, step, position, table, step.backfill);
  if (step.kind === "split") return splitModel(run, session, step, position, table);
  if (step.kind === "chunk") return makeChunk(run, session, step, position, table);
  const split = step.chunks === undefined ? null : await run.store.readSplit(session, table.name);
  if (split !== null) return buildInFull(run, session, step, position, table, gatheredRows(run, session, table, split));
  const mode = modeOf(run, step, table);
  if (mode.mode === "full") return whole(run, session, step, position, table, mode.why);
  try {
    return await refreshed(run, session, step, position, table, mode);
  } catch (error) {
    if (!(error instanceof NotRefreshable)) throw error;
    return whole(run, session, step, position, table, error.message);
  }
}

function refreshed(run: Run, session: Session, step: Step, position: number, table: ModelTable, mode: RefreshMode): Promise<StepResult> {
  if (table.materialize.kind === "snapshot") return buildSnapshot(run, session, step, position, table, mode, []);
  if (table.materialize.kind === "append") return appendRows(run, session, step, position, table, mode, []);
  return refreshModel(run, session, step, position, table, mode);
}

function whole(run: Run, session: Session, step: Step, position: number, table: ModelTable, why: string): Promise<StepResult> {
  const notes = why === "" || table.incremental === null ? [] : [`built in full: ${why}`];
  if (table.materialize.kind === "snapshot") return buildSnapshot(run, session, step, position, table, null, notes);
  if (table.materialize.kind === "append") return buildAppend(run, session, step, position, table, notes);
  return buildInFull(run, session, step, position, table, ownSelect(run, table, notes));
}
