import type { Verification, VerificationStatus } from "../../execute/verify-table.ts";
import { durationText } from "../../observe/duration-text.ts";
import { counted, groupDigits } from "../../observe/group-digits.ts";
import { timestampText } from "../../observe/timestamp-text.ts";
import type { RecordedVerification } from "../../ports/verification-store.ts";
import { columnLines, span } from "./columns.ts";
import { type ComparisonWords, comparisonLines } from "./comparison-lines.ts";
import { errorLines } from "./error-lines.ts";
import { type Format, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

const looks: Readonly<Record<VerificationStatus, { readonly text: string; readonly format: Format }>> = {
  verified: { text: "✓ verified", format: "green" },
  differs: { text: "✕ differs", format: "red" },
  may_differ: { text: "▲ may differ", format: "yellow" },
  stale: { text: "▲ stale", format: "yellow" },
  skipped: { text: "○ skipped", format: "gray" },
  failed: { text: "✕ failed", format: "red" },
};

const words: ComparisonWords = {
  old: "the published table",
  new: "the full build",
  added: "missing",
  removed: "unexpected",
  changed: "changed",
};
const indent = 4;

/** One model as soon as it is done. `names` are all that will be shown: their columns stand below each other. */
export function renderVerification(
  result: Verification & { readonly last: RecordedVerification | null },
  options: RenderOptions & { readonly names: readonly string[] },
): string {
  const { comparison, notes, error, status } = result;
  const look = looks[status];
  const columns = [
    { title: "", minimum: Math.max(...Object.values(looks).map(({ text }) => text.length)) },
    { title: "", overflow: "wrap", minimum: Math.min(40, Math.max(...options.names.map((name) => name.length))) },
    { title: "", align: "right", minimum: 14 },
    { title: "", align: "right", minimum: 8 },
    { title: "", overflow: "wrap" },
  ] as const;
  const rows = result.rows === null ? "–" : counted(result.rows, "row");
  const head = [[span(look.text, look.format)], result.table, rows, durationText(result.duration_ms), [span(lastText(result.last), "dim")]];
  const indented = (text: string): readonly string[] => wrapText(`${" ".repeat(indent)}${text}`, options.width);
  const advice = status === "stale" ? ["verify after the next run, or compare anyway with --stale"] : [];
  return [
    ...columnLines(columns, [head], options),
    ...(comparison === null || status === "verified" ? [] : comparisonLines(comparison, words, { ...options, indent })),
    ...[...notes, ...advice].flatMap(indented).map((line) => paint(options.color, "dim", line)),
    ...(error === null ? [] : errorLines(error, { ...options, indent, label: "" })),
  ].join("\n");
}

function lastText(last: RecordedVerification | null): string {
  return last === null
    ? ""
    : `before: ${last.status.replace("_", " ")} ${timestampText(last.verified_at, "minutes")}, version ${last.version}`;
}

/** The last line: how many of each. */
export function renderVerificationSummary(results: readonly Verification[], { color }: RenderOptions): string {
  const counts = Object.entries(looks).flatMap(([status, look]) => {
    const count = results.filter((result) => result.status === status).length;
    return count === 0 ? [] : [paint(color, look.format, `${groupDigits(count)} ${look.text.slice(2)}`)];
  });
  return counts.join(" · ");
}
