import { AssayError } from "../errors.ts";
import { prepareReplay } from "./prepare-replay.ts";
import type { ReplayOptions } from "./replay-options.ts";
import { carryOut } from "./run.ts";
import { openWorkspace } from "./workspace.ts";

/** `assay replay [TABLE]`: rows in quarantine enter their tables, and what reads those is brought up to date. Exit code 1 when a step failed. */
export async function replayCommand(table: string | null, options: ReplayOptions): Promise<number> {
  const { rule, batch, ids, from } = options;
  if (rule === undefined && batch === undefined && ids === undefined && from === undefined) {
    throw new AssayError("USAGE", "which rows to replay is not said", {
      hint: "give --rule, --batch or --ids, or with --from a CSV of edited rows; assay quarantine list shows what there is",
    });
  }
  const workspace = await openWorkspace(options);
  return carryOut(workspace, options, "assay replay", (session, state) => prepareReplay(workspace, table, options, session, state));
}
