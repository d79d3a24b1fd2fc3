import { join } from "node:path";
import { duckdbEngine } from "../../src/adapters/duckdb/engine.ts";
import { duckdbRetentionStore, duckdbStateStore } from "../../src/adapters/duckdb/state-store.ts";
import { localLake } from "../../src/adapters/files/lake.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { executeClean } from "../../src/execute/clean.ts";
import type { CleanPlan } from "../../src/plan/clean-plan.ts";
import { planClean } from "../../src/plan/plan-clean.ts";
import type { Platform } from "./platform.ts";

/** What `assay clean` does: batches, row changes and runs older than so many days go, unless they are needed. */
export async function cleanUp(platform: Platform, manifest: Manifest, now: number, days: number): Promise<CleanPlan> {
  const store = duckdbRetentionStore(duckdbStateStore());
  const lake = localLake(join(platform.folder, "lake"));
  const age = days * 86_400_000;
  const text = `${days} days`;
  const plan = planClean({
    manifest,
    now,
    keep: { batches: age, changes: age, logs: null, runs: age },
    keepTexts: { batches: text, changes: text, logs: "forever", runs: text },
    tables: true,
    retained: await store.read(platform.look),
    others: [],
    sharedInUse: null,
    batches: await lake.batches(),
    logs: [],
    scratch: [],
  });
  await executeClean(plan, { warehouse: { engine: duckdbEngine(platform.database), store }, lake });
  return plan;
}
