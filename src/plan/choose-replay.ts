import { didYouMean } from "../define/nearest-name.ts";
import { AssayError } from "../errors.ts";
import type { QuarantinedRow, QuarantineFilter } from "../ports/quarantine.ts";
import type { TableName } from "../terms.ts";

/** Rows to replay, as they were asked for. */
export interface ReplayWish extends Omit<QuarantineFilter, "states"> {
  readonly table?: TableName | undefined;
}

/**
 * The rows of `matching` (those of any state that the filter fits) that can be replayed. Throws QUARANTINE_UNMATCHED when there is none, or one of the
 * ids is not in quarantine any more, ALREADY_REPLAYED naming the run that did it.
 */
export function chooseReplay(wish: ReplayWish, matching: readonly QuarantinedRow[]): readonly QuarantinedRow[] {
  const open = matching.filter((row) => row.state === "open");
  if (wish.ids !== undefined) {
    for (const id of wish.ids) if (!open.some((row) => row.id === id)) throw notOpen(id, matching);
    return open;
  }
  if (open.length > 0) return open;
  const replayed = matching.filter((row) => row.state === "replayed");
  if (replayed.length > 0) throw replayedBefore(replayed.length === 1 ? "the row" : `all ${replayed.length} rows`, replayed);
  throw unmatched(wish);
}

/** Nothing is in quarantine that an export, list or replay asks for. */
export function unmatched({ table, rule, batch }: ReplayWish): AssayError {
  const parts = [
    table === undefined ? "" : `of ${table}`,
    rule === undefined ? "" : `by rule ${rule}`,
    batch === undefined ? "" : `of batch ${batch}`,
  ];
  return new AssayError("QUARANTINE_UNMATCHED", ["no row", ...parts.filter((part) => part !== ""), "is in quarantine"].join(" "), {
    hint: "assay quarantine list shows what is, by table and rule; assay quarantine show the rows with their batches",
  });
}

function notOpen(id: string, matching: readonly QuarantinedRow[]): AssayError {
  const row = matching.find((item) => item.id === id);
  if (row === undefined) {
    const known = matching.filter((item) => item.state === "open").map((item) => item.id);
    return new AssayError("QUARANTINE_UNMATCHED", `no row in quarantine has the id ${id}`, {
      hint: known.length === 0 ? "assay quarantine show shows the rows with their ids" : didYouMean(id, known),
    });
  }
  switch (row.state) {
    case "replayed":
      return replayedBefore(`row ${id}`, [row]);
    case "failed":
      return new AssayError(
        "QUARANTINE_UNMATCHED",
        `row ${id} of ${row.table} was refused in run ${row.run_id}, which failed: nothing of it was published`,
        {
          hint: "correct the data or the rule and run again: assay run",
        },
      );
    default:
      return new AssayError(
        "QUARANTINE_UNMATCHED",
        `row ${id} of ${row.table} is not in quarantine any more: run ${row.closed_run_id} judged its data again`,
        {
          hint: "assay quarantine show shows what is in quarantine now",
        },
      );
  }
}

function replayedBefore(what: string, rows: readonly QuarantinedRow[]): AssayError {
  const runs = [...new Set(rows.map((row) => row.closed_run_id))];
  const where = [...new Set(rows.map((row) => row.table))].join(", ");
  const named = `${runs.length === 1 ? "run" : "runs"} ${runs.join(", ")}`;
  return new AssayError("ALREADY_REPLAYED", `${what} of ${where} ${what.endsWith("rows") ? "were" : "was"} replayed before, by ${named}`, {
    hint: "a row enters once; assay quarantine show shows what is still in quarantine",
  });
}
