import { rm } from "node:fs/promises";
import type { CleanPlan } from "../plan/clean-plan.ts";
import { type Engine, evolvedTable } from "../ports/engine.ts";
import type { Lake } from "../ports/lake.ts";
import type { RetentionStore } from "../ports/retention-store.ts";
import type { TableName } from "../terms.ts";
import { withSession } from "./with-session.ts";

export interface CleanContext {
  /** Null where the environment has no database yet. */
  readonly warehouse: { readonly engine: Engine; readonly store: RetentionStore } | null;
  readonly lake: Lake;
}

/**
 * Carries a clean out. What is on record goes in one transaction, files after it: a kill in between leaves files that nothing points to,
 * which the next clean finds.
 */
export async function executeClean(plan: CleanPlan, { warehouse, lake }: CleanContext): Promise<void> {
  const { changes, runs, subjects, splits } = plan.state;
  if (warehouse !== null && changes.length + runs.length + subjects.length + splits.length > 0) {
    const { engine, store } = warehouse;
    await withSession(engine, (session) =>
      session.transaction(async () => {
        for (const subject of subjects.filter((name) => !name.startsWith("sink:")) as readonly TableName[]) {
          for (const table of [evolvedTable(subject), subject]) await engine.drop(session, table);
        }
        await store.remove(session, plan.state);
      }),
    );
  }
  for (const folder of plan.batches) await lake.removeBatch(lake.absolute(folder));
  for (const path of plan.files) await rm(path, { recursive: true, force: true });
}
