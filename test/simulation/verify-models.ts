import { duckdbHashes } from "../../src/adapters/duckdb/engine.ts";
import { duckdbStateStore, duckdbVerificationStore } from "../../src/adapters/duckdb/state-store.ts";
import type { Manifest } from "../../src/compile/manifest.ts";
import { verifyTable } from "../../src/execute/verify-table.ts";
import type { Platform } from "./platform.ts";
import { Violation } from "./violation.ts";

/** What `assay verify` does, where everything is as new as its sources. Returns how many models it took for verified. */
export async function verifyModels(platform: Platform, manifest: Manifest, now: number): Promise<number> {
  const store = duckdbStateStore();
  const { publications } = await store.read(platform.look);
  const rest = {
    manifest,
    engine: duckdbHashes,
    store: duckdbVerificationStore(),
    publications,
    clock: () => now,
    samples: 3,
    stale: false,
  };
  let verified = 0;
  for (const table of manifest.tables) {
    if (table.kind !== "model") continue;
    const { status, notes, error } = await verifyTable(rest, platform.look, table);
    if (status !== "verified" && status !== "skipped") {
      throw new Violation(
        "verify finds every model as a full build makes it",
        `${table.name} ${status}: ${error?.message ?? notes.join("; ")}`,
      );
    }
    if (status === "verified") verified += 1;
  }
  return verified;
}
