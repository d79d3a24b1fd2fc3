import type { ModelTable } from "../compile/manifest.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { buildAppend } from "./append.ts";
import { buildInFull } from "./build-in-full.ts";
import type { Run } from "./context.ts";
import { buildSnapshot } from "./snapshot.ts";

/** Builds a model the way it is materialized; whatever fails, the old table stands. */
export function buildModel(run: Run, session: Session, step: Step, position: number, table: ModelTable): Promise<StepResult> {
  if (table.materialize.kind === "snapshot") return buildSnapshot(run, session, step, position, table);
  if (table.materialize.kind === "append") return buildAppend(run, session, step, position, table);
  return buildInFull(run, session, step, position, table);
}
