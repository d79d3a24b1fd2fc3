import type { BronzeTable } from "../compile/manifest.ts";
import { AssayError } from "../errors.ts";
import type { IngestedFile } from "../ports/state-store.ts";
import type { Run } from "./context.ts";
import type { LandedFile } from "./land-file.ts";
import { overLimit } from "./rejected-limit.ts";
import type { LandedReplay } from "./replay.ts";
import { type StepFacts, StepFailure } from "./step-result.ts";

/** More refused rows than allowed in all files that count, or nothing but refused rows. */
export function throwOnRejected(
  table: BronzeTable,
  landed: readonly LandedFile[],
  current: readonly IngestedFile[],
  facts: StepFacts,
): void {
  const refused = landed.flatMap((file) => file.refused.map((row) => ({ ...row, file: file.file.path })));
  const total = current.reduce((sum, file) => sum + file.quarantined, 0);
  const records = current.reduce((sum, file) => sum + file.rows / file.replicas + file.quarantined, 0);
  const every = refused.length > 0 && landed.every((file) => file.rows + file.leftOut === 0);
  const limit = overLimit(table.maxRejected, total, records);
  if (!every && limit === null) return;
  const [first] = refused;
  const what = every ? "every row" : `${total} rows`;
  const example = first === undefined ? "" : `; first: ${first.file} row ${first.row_number ?? "?"}: ${first.message}`;
  throw new StepFailure(
    new AssayError("TOO_MANY_REJECTED", `${table.name}: ${what} refused at the door${every ? "" : `, ${limit}`}${example}`, {
      hint: "correct the file or the contract, or raise maxRejected; what was published before stands",
      location: table.location,
    }),
    facts,
  );
}

/** A replay that lets no row in has failed. */
export function throwOnNoneReplayed(run: Run, table: BronzeTable, reentered: readonly LandedReplay[], facts: StepFacts): void {
  const rows = reentered.filter(({ group }) => group.requested).flatMap((replay) => [...replay.rows, ...replay.unsplit]);
  if (rows.length === 0 || rows.some((row) => row.state === "replayed" && row.closed_run_id === run.runId)) return;
  const open = rows.filter((row) => row.state === "open");
  const [first] = open;
  const example = first === undefined ? "" : `${first.source_file} row ${first.row_number ?? "?"}: ${first.message}`;
  const what = open.length === 1 ? "the row to replay still does not fit: " : `none of the ${open.length} rows to replay fits; first: `;
  throw new StepFailure(
    new AssayError("TOO_MANY_REJECTED", `${table.name}: ${what}${example}`, {
      hint: `nothing has changed: assay quarantine export ${table.name} --out FILE writes such rows to be edited, assay replay --from FILE takes them back`,
      location: table.location,
    }),
    facts,
  );
}
