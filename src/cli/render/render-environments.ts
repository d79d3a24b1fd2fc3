import { splitTable } from "../../define/split-table.ts";
import { counted } from "../../observe/group-digits.ts";
import { marks, runOutcome } from "../../observe/outcome.ts";
import { printable } from "../../observe/printable.ts";
import { timestampText } from "../../observe/timestamp-text.ts";
import type { ErrorReport, RunStatus } from "../../terms.ts";
import { columnLines, span } from "./columns.ts";
import { paint, type RenderOptions } from "./paint.ts";

interface ShownEnvironment {
  readonly name: string;
  readonly default: boolean;
  readonly engine: string;
  readonly place: string | null;
  readonly tables: readonly string[];
  readonly last_run: { readonly status: RunStatus; readonly started_at: string } | null;
  readonly error: ErrorReport | null;
}

/** One line an environment; schemas with the number of tables in them. */
export function renderEnvironments(environments: readonly ShownEnvironment[], options: RenderOptions): string {
  const rows = environments.map(({ name, default: isDefault, engine, place, tables, last_run, error }) => [
    [span(isDefault ? `${name} (default)` : name, "bold")],
    engine,
    printable(place ?? "–"),
    error === null ? schemasText(tables) : `▲ ${printable(error.message)}`,
    last_run === null ? "–" : `${marks[runOutcome(last_run.status, 0)]} ${timestampText(last_run.started_at, "minutes")}`,
  ]);
  const columns = [
    { title: "environment" },
    { title: "engine" },
    { title: "where", overflow: "wrap" },
    { title: "tables", overflow: "wrap" },
    { title: "last run" },
  ] as const;
  return columnLines(columns, rows, options).join("\n");
}

function schemasText(tables: readonly string[]): string {
  if (tables.length === 0) return "none";
  const schemas = Map.groupBy(tables, (name) => splitTable(name).schema);
  return [...schemas].map(([schema, names]) => `${schema} ${names.length}`).join(", ");
}

interface ShownContents {
  readonly env: string;
  readonly place: string;
  readonly removed: boolean;
  readonly objects: readonly { readonly kind: string; readonly name: string }[];
  readonly foreign: readonly string[];
  readonly kept: readonly string[];
}

/** What was removed of an environment, or would be, and what stays. */
export function renderContents(shown: ShownContents, options: RenderOptions): string {
  const { env, place, removed, objects, foreign, kept } = shown;
  const head = `environment ${env} · ${printable(place)}`;
  if (objects.length === 0) return `${head}\n${paint(options.color, "gray", "○ nothing to remove")}`;
  const lines = objects.map(({ kind, name }) => `  ${kind.padEnd(8)} ${printable(name)}`);
  const stays = [...kept.map((text) => `  stays: ${printable(text)}`), ...foreign.map((text) => `▲ reads them: ${printable(text)}`)];
  const what = counted(objects.length, "thing");
  const verdict = removed
    ? paint(options.color, "green", `✓ removed ${what}`)
    : `${what} to remove; sources, lake and sinks stay as they are`;
  return [head, ...lines, ...stays, verdict].join("\n");
}
