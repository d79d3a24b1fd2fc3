import type { ConservedMeasure, StepResult, UpstreamLedger } from "../terms.ts";
import { groupDigits } from "./group-digits.ts";

export interface LedgerLine {
  readonly text: string;
  /** `unbalanced`: rows are missing or too many. `open`: nothing to prove on this line. */
  readonly state: "balanced" | "unbalanced" | "open";
}

/** What the parts of a balance are, in order. */
export const ledgerLegend = "in = out + quarantined + removed";

/**
 * Where every row of a step went. Rows kept: `99,441 = 99,441 + 0 + 0 ✓` ({@link ledgerLegend}). Grain changed: rows made, and per
 * upstream rows read and used.
 */
export function ledgerLines(step: StepResult): readonly LedgerLine[] {
  const removed = step.removed_by.filter((by) => by.rows > 0).map((by) => `${groupDigits(by.rows)} by ${by.rule}`);
  return [...balance(step), ...(removed.length === 0 ? [] : [open(`removed: ${removed.join(", ")}`)])];
}

function balance(step: StepResult): readonly LedgerLine[] {
  if (step.kind === "defer") return [open(step.reason)];
  const { rows_in, rows_out } = step;
  if (rows_out === null) return unfinished(step);
  if (rows_in === null) return [open(`grain changed: ${groupDigits(rows_out)} made`), ...step.upstreams.map(upstreamLine)];
  const missing = rows_in - rows_out - step.quarantined - step.removed;
  const parts = [rows_out, step.quarantined, step.removed].map(groupDigits).join(" + ");
  if (missing === 0) return [{ text: `${groupDigits(rows_in)} = ${parts} ✓`, state: "balanced" }];
  const difference = missing > 0 ? `${groupDigits(missing)} missing` : `${groupDigits(-missing)} too many`;
  return [{ text: `${groupDigits(rows_in)} ≠ ${parts} ✕ ${difference}`, state: "unbalanced" }];
}

function unfinished(step: StepResult): readonly LedgerLine[] {
  const known = [
    step.rows_in === null ? "" : `${groupDigits(step.rows_in)} in`,
    step.quarantined === 0 ? "" : `${groupDigits(step.quarantined)} quarantined`,
  ].filter((part) => part !== "");
  return known.length === 0 ? [] : [open(known.join(", "))];
}

function upstreamLine({ table, read, used }: UpstreamLedger): LedgerLine {
  return open(`read ${groupDigits(read)}${used === null ? ", use not measured" : ` → used ${groupDigits(used)}`} ${table}`);
}

const open = (text: string): LedgerLine => ({ text, state: "open" });

/** A measure's total before and after: `16,008,872.12 = 16,008,872.12 ✓`; exact decimals, never rounded. */
export function conservedText(measure: ConservedMeasure): string {
  const side = (total: string | null): string => (total === null ? "null" : groupDigits(total));
  return `${side(measure.upstream_total)} ${measure.agrees ? "=" : "≠"} ${side(measure.total)} ${measure.agrees ? "✓" : "✕"}`;
}
