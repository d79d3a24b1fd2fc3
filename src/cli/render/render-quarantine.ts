import { counted, groupDigits } from "../../observe/group-digits.ts";
import { marks } from "../../observe/outcome.ts";
import { printable } from "../../observe/printable.ts";
import { timestampText } from "../../observe/timestamp-text.ts";
import type { QuarantinedRow, QuarantineGroup } from "../../ports/quarantine.ts";
import { columnLines } from "./columns.ts";
import { cutToWidth } from "./display-width.ts";
import { outcomeFormats, paint, type RenderOptions } from "./paint.ts";
import { wrapText } from "./wrap-text.ts";

const rawLines = 3;

/** What is in quarantine, by table and rule; rows of failed steps stand below, and do not count. */
export function renderQuarantineList(groups: readonly QuarantineGroup[], options: RenderOptions): string {
  if (groups.length === 0) return "nothing in quarantine";
  const rows = groups.map((group) => [
    group.table,
    group.rule,
    group.state,
    groupDigits(group.rows),
    group.files === 0 ? "–" : groupDigits(group.files),
    timestampText(group.last_seen, "minutes"),
    group.last_run_id,
  ]);
  const columns = [
    { title: "table", overflow: "wrap" },
    { title: "rule", overflow: "wrap" },
    { title: "state" },
    { title: "rows", align: "right" },
    { title: "files", align: "right" },
    { title: "last seen" },
    { title: "run" },
  ] as const;
  const count = (state: QuarantineGroup["state"]): number =>
    groups.filter((group) => group.state === state).reduce((sum, group) => sum + group.rows, 0);
  const failed = count("failed");
  const total = `${counted(count("open"), "row")} in quarantine${failed === 0 ? "" : `, ${counted(failed, "row")} of steps that failed`}`;
  return [...columnLines(columns, rows, options), paint(options.color, "dim", total)].join("\n");
}

/** Refused rows one by one: reason, file and row number, message, raw text (its beginning). `total` is how many there are in all. */
export function renderQuarantineRows(rows: readonly QuarantinedRow[], options: RenderOptions & { readonly total: number }): string {
  if (rows.length === 0) return "nothing in quarantine";
  const shown =
    rows.length < options.total ? `${groupDigits(rows.length)} of ${counted(options.total, "row")} shown` : counted(rows.length, "row");
  return [...rows.map((row) => rowLines(row, options).join("\n")), paint(options.color, "dim", shown)].join("\n\n");
}

function rowLines(row: QuarantinedRow, { color, width }: RenderOptions): readonly string[] {
  const inner = Math.max(40, width - 4);
  const file = `${row.source_file}${row.row_number === null ? "" : ` row ${groupDigits(row.row_number)}`}`;
  const state = row.state === "failed" ? " (failed)" : row.state === "open" ? "" : ` · ${row.state} by run ${row.closed_run_id}`;
  const place = `${row.source_file === null ? row.key : file} · run ${row.run_id}${state}`;
  // Only so much of a raw text of megabytes is looked at.
  const raw =
    row.raw === null ? [] : wrapText(cutToWidth(printable(row.raw.slice(0, inner * rawLines)), inner * rawLines - rawLines), inner);
  return [
    `${paint(color, outcomeFormats.quarantined, marks.quarantined)} ${printable(row.table)}  ${paint(color, "magenta", printable(row.rule))}  ${row.id}`,
    ...[place, row.message].flatMap((text) => wrapText(printable(text), inner)).map((line) => `    ${line}`),
    ...raw.map((line) => `    ${paint(color, "dim", line)}`),
  ];
}
