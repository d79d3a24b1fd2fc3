import type { ManifestTable } from "../compile/manifest.ts";
import type { Publication } from "../ports/state-store.ts";
import type { TableName } from "../terms.ts";
import { type Against, changeText, type Deferral, deferredFrom } from "./against.ts";
import type { PlannedBuild, Step } from "./plan.ts";

const deferStep = (table: TableName): string => `defer ${table}`;

/** The step that makes a table readable from the other environment; skipped where it reads the same rows already. */
export function deferTableStep(
  table: ManifestTable,
  deferral: Deferral,
  before: Publication | undefined,
  running: ReadonlyMap<TableName, string>,
): Step {
  const base = { step: deferStep(table.name), kind: "defer", table: table.name, build: null } as const;
  const because = `read from ${deferral.environment}, version ${deferral.publication.version}`;
  const after = table.dependencies.flatMap((name) => running.get(name) ?? []);
  // A view shows what is below it.
  const isMoved = table.kind === "model" && table.materialize.kind === "view" && after.length > 0;
  const isThere = deferredFrom(before) === deferral.origin && before?.fingerprint === deferral.publication.fingerprint;
  if (isThere && !isMoved) return { ...base, after: [], action: "skip", reason: "unchanged", because };
  return { ...base, after, action: "run", reason: "deferred", because };
}

/**
 * What has to stand there before a changed table is built: rows that only the other environment has, as no SQL makes them again. Null: nothing.
 */
export function historyStep(table: ManifestTable, held: Against): Step | null {
  const deferral = held.deferrals.get(table.name);
  if (deferral === undefined || !keepsHistory(table)) return null;
  const because = `its history, from ${deferral.environment}, version ${deferral.publication.version}`;
  return {
    step: deferStep(table.name),
    kind: "defer",
    table: table.name,
    after: [],
    action: "run",
    reason: "deferred",
    because,
    build: null,
  };
}

/** Do a table's rows stay when its SQL does not yield them any more? */
export const keepsHistory = (table: ManifestTable): boolean =>
  table.kind === "model" && (table.materialize.kind === "append" || table.materialize.kind === "snapshot");

/** A step as it has to be told in a run held against another environment: why it is not read from there. */
export function heldStep(step: Step, table: ManifestTable, held: Against): Step {
  const change = held.changes.get(table.name);
  if (change === undefined) return step;
  const text = changeText(change, held.environment);
  if (step.action === "skip") return { ...step, because: `${text}; built before, ${step.because}` };
  const reason = step.reason === "new" && change.kind !== "new" ? "changed" : step.reason;
  return { ...step, reason, because: text, build: fullBuild(step, table) };
}

function fullBuild(step: Step, table: ManifestTable): PlannedBuild | null {
  if (step.kind !== "build" || table.kind !== "model" || table.materialize.kind !== "incremental" || step.build?.mode === "refresh")
    return step.build;
  return { mode: "full", why: "an environment held against another has no rows of its own to go on from", touched: null };
}
