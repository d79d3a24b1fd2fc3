import type { BronzeTable } from "../compile/manifest.ts";
import type { State } from "../ports/state-store.ts";
import type { Observation } from "./plan-run.ts";

/** A bronze table's files as they were when they were ingested: for a replay the source need not be looked at. */
export function recalled(table: BronzeTable, state: State): Observation {
  const own = state.files.filter((file) => file.table === table.name && file.replay_of === null);
  const latest = own.filter((file) => own.findLast((item) => item.name === file.name) === file);
  return { files: latest.map(({ stamped_at: stampedAt, ...file }) => ({ ...file, stampedAt })), recalled: true };
}
