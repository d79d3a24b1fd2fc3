import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { repository } from "./places.ts";
import { passes, type Report, type Result, type Stages } from "./result.ts";

const page = join(repository, "docs/benchmarks.md");
const start = "<!-- bench:start -->";
const end = "<!-- bench:end -->";

/** The report as Markdown; readable on a terminal as well. */
export function markdown(report: Report, when: Date, dataSet: string): string {
  const parts = [
    `Measured on ${when.toISOString().slice(0, 10)}: ${machine()}. Data: ${dataSet}.`,
    table(["measured", "median", "runs", "peak memory", "limit", ""], report.results.map(resultRow)),
    ...(report.stages.length === 0 ? [] : ["Where the time went (medians, seconds):", stageTable(report.stages)]),
    ...(report.notes.length === 0 ? [] : [report.notes.map((note) => `- ${note}`).join("\n")]),
  ];
  return parts.join("\n\n");
}

/** Puts a bench's text into its section between the markers of docs/benchmarks.md; sections stand in the order of `names`. */
export function writeSection(name: string, text: string, names: readonly string[]): void {
  const before = readFileSync(page, "utf8");
  const [head, tail] = [before.indexOf(start), before.indexOf(end)];
  if (head < 0 || tail < head) throw new Error(`${page} has lost its markers ${start} and ${end}`);
  const sections = new Map(
    before
      .slice(head + start.length, tail)
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.slice(0, section.indexOf("\n")), section.slice(section.indexOf("\n")).trim()] as const),
  );
  sections.set(name, text);
  const written = names.flatMap((each) => (sections.has(each) ? [`### ${each}\n\n${sections.get(each)}\n\n`] : []));
  writeFileSync(page, `${before.slice(0, head + start.length)}\n\n${written.join("")}${before.slice(tail)}`);
}

function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = processors[0]?.model.trim() || "unknown processor";
  return `${processors.length} cores (${model}), ${memory} GiB, ${type()} ${release()}, Node.js ${process.versions.node}`;
}

function resultRow(result: Result): readonly string[] {
  const { limit, unit } = result;
  const goal = limit?.goal == null ? "" : `, goal ${amount(limit.goal, unit)}`;
  const verdict = { true: "✓ pass", false: "✗ FAIL", null: "" }[`${passes(result)}`];
  const peak = result.peakMiB === null ? "" : amount(result.peakMiB, "MiB");
  const runs = [...result.runs].sort((a, b) => a - b);
  const range = `${runs.length}: ${digits(runs[0] ?? Number.NaN, unit)} … ${digits(runs.at(-1) ?? Number.NaN, unit)}`;
  return [
    result.name,
    amount(result.value, unit),
    range,
    peak,
    limit === null ? "" : `${limit.bound} ${amount(limit.value, unit)}${goal}`,
    verdict,
  ];
}

function stageTable(stages: readonly Stages[]): string {
  const rows = stages.map(({ name, note, seconds }) => {
    const parts = Object.entries(seconds).map(([stage, value]) => `${stage} ${value.toFixed(2)}`);
    return [name, parts.join(" · "), note];
  });
  return table(["", "stages", ""], rows);
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const amount = (value: number, unit: Result["unit"]): string =>
  unit === "×" ? `${digits(value, unit)} ×` : `${digits(value, unit)} ${unit}`;

function digits(value: number, unit: Result["unit"]): string {
  if (unit === "MiB") return value.toFixed(0);
  return unit === "s" && value < 1 ? value.toFixed(3) : value.toFixed(2);
}
