import type { ModelTable } from "../compile/manifest.ts";
import { messageOf } from "../errors.ts";
import type { RefreshMode } from "../plan/build-mode.ts";
import type { Step } from "../plan/plan.ts";
import type { Session } from "../ports/engine.ts";
import type { StepResult } from "../terms.ts";
import { remember } from "./commit-table.ts";
import type { Run } from "./context.ts";
import { divertTouched } from "./divert-touched.ts";
import { publishDifference } from "./publish-difference.ts";
import { createDifference } from "./row-changes.ts";
import { NotRefreshable, touchedPart } from "./touched-values.ts";

/**
 * Refreshes an incremental model: the rows of the touched values are made again by the whole definition and replace those that are there.
 * Throws NotRefreshable; then nothing has happened.
 */
export async function refreshModel(
  run: Run,
  session: Session,
  step: Step,
  position: number,
  table: ModelTable,
  mode: RefreshMode,
): Promise<StepResult> {
  const started = run.clock();
  const committed = await session.transaction(async () => {
    const part = await touchedPart(run, session, table, mode);
    const made = await divertTouched(session, table, part.made, table.incremental?.by ?? []).catch(notAlone);
    await createDifference(session, table, part.old, made.select).catch(notAlone);
    await part.drop();
    return publishDifference(run, session, step, position, table, {
      started,
      touched: part.touched,
      upstreams: part.upstreams,
      notes: [],
      moreInputs: {},
      diverted: made.diverted,
    });
  });
  remember(run, committed);
  return committed.result;
}

function notAlone(error: unknown): never {
  throw new NotRefreshable(`the touched rows cannot be made alone: ${messageOf(error).split("\n")[0]}`);
}
