import { counted, groupDigits } from "../../observe/group-digits.ts";
import { printable } from "../../observe/printable.ts";
import type { CleanItem } from "../../plan/clean-plan.ts";
import { columnLines, span } from "./columns.ts";
import { paint, type RenderOptions } from "./paint.ts";

export interface CleanRenderOptions extends RenderOptions {
  readonly dryRun: boolean;
}

/** What was removed, or would be, and why; then what stays although one might expect otherwise. */
export function renderClean(items: readonly CleanItem[], options: CleanRenderOptions): string {
  const removed = items.filter((item) => item.action === "remove");
  const kept = items.filter((item) => item.action === "keep");
  return [
    itemLines(removed, options.dryRun ? "would remove" : "removed", options),
    itemLines(kept, "left", options),
    [verdict(removed, options)],
  ]
    .filter((section) => section.length > 0)
    .map((section) => section.join("\n"))
    .join("\n\n");
}

function itemLines(items: readonly CleanItem[], title: string, options: RenderOptions): readonly string[] {
  if (items.length === 0) return [];
  const columns = [
    { title },
    { title: "", overflow: "wrap" },
    { title: "size", align: "right" },
    { title: "why", overflow: "wrap" },
  ] as const;
  return columnLines(
    columns,
    items.map((item) => [[span(item.kind)], printable(item.name), sizeOf(item), printable(item.because)]),
    options,
  );
}

function sizeOf({ kind, bytes, rows }: CleanItem): string {
  if (bytes !== null) return sizeText(bytes);
  return rows === null ? "–" : counted(rows, kind === "runs" ? "run" : "row");
}

/** `0 B`, `999 B`, `1.0 kB`, `12.3 MB`. */
function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  return `${power === 0 ? groupDigits(bytes) : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}

function verdict(removed: readonly CleanItem[], { color, dryRun }: CleanRenderOptions): string {
  if (removed.length === 0) return paint(color, "gray", "○ nothing to remove");
  const bytes = removed.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const what = `${counted(removed.length, "item")}, ${sizeText(bytes)} of files`;
  return dryRun ? `${what}: assay clean removes them` : paint(color, "green", `✓ removed ${what}`);
}
