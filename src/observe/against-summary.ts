import type { TableComparison } from "../execute/table-comparison.ts";
import type { TableDiff } from "../execute/table-diff.ts";
import type { AgainstReport, ChangedTable, ColumnChanges } from "./against-report.ts";
import { checkName } from "./check-text.ts";
import { durationText } from "./duration-text.ts";
import { counted, groupDigits } from "./group-digits.ts";
import { markdownCode, markdownText } from "./markdown-text.ts";
import { type SampleLimit, sampleLines } from "./sample-rows.ts";

/** What a comment of GitHub can hold, in characters. */
const commentLimit = 65_536;

/** How much is told, from everything down to the headline; the first that fits is taken. */
const levels: readonly Level[] = [
  { samples: { rows: 5, characters: 120 }, details: 10_000, tables: 10_000 },
  { samples: { rows: 2, characters: 60 }, details: 10_000, tables: 10_000 },
  { samples: { rows: 0, characters: 0 }, details: 10_000, tables: 10_000 },
  { samples: { rows: 0, characters: 0 }, details: 40, tables: 300 },
  { samples: { rows: 0, characters: 0 }, details: 5, tables: 60 },
];

interface Level {
  readonly samples: SampleLimit;
  /** Tables that get a section of their own, and rows of the table of all. */
  readonly details: number;
  readonly tables: number;
}

/** What changed against another environment, as Markdown for the comment of a pull request: at most 65,536 characters, samples go first. */
export function againstSummary(report: AgainstReport, limit = commentLimit): string {
  let text = "";
  for (const level of levels) {
    text = summary(report, level);
    if (text.length <= limit) return text;
  }
  const end = "\n\n… cut: the rest is in the output of `--json`\n";
  return `${text.slice(0, limit - end.length)}${end}`;
}

function summary(report: AgainstReport, level: Level): string {
  const detailed = report.tables.filter((table) => sectionOf(table, level).length > 0);
  const sections = [
    [`## Assay: ${markdownText(report.environment)} against ${markdownText(report.against)}`],
    [headline(report)],
    failureLines(report, level),
    changedLines(report, level),
    ...detailed.slice(0, level.details).map((table) => [details(table, level)]),
    detailed.length > level.details ? [`… and ${counted(detailed.length - level.details, "more table")} with details`] : [],
    listLine("Changed, but not selected", report.not_selected),
    listLine(`Published in ${report.against} and declared no more`, report.removed),
    report.notes.map((note) => `- ${markdownText(note)}`),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function headline(report: AgainstReport): string {
  const { changed, built, checks_failed, steps_failed, deferred, against, tables } = report;
  const planned = tables.some((table) => table.status === "planned");
  const bad = checks_failed + steps_failed > 0;
  const mark = planned ? "📋" : bad ? "❌" : "✅";
  const time = tables.reduce((sum, table) => sum + table.duration_ms, 0);
  const rows = tables.reduce((sum, table) => sum + (table.status === "succeeded" ? (table.rows ?? 0) : 0), 0);
  const did = [
    `${built} built`,
    ...(steps_failed > 0 ? [`${counted(steps_failed, "step")} failed`] : []),
    `${counted(checks_failed, "check")} failed`,
  ];
  const cost = built === 0 ? [] : [`${counted(rows, "row")} in ${durationText(time)}`];
  const facts = [
    `**${counted(changed, "table")} changed**`,
    ...(planned ? ["nothing built: this is a plan"] : [...did, ...cost]),
    `${groupDigits(deferred)} read from ${markdownText(against)}`,
  ];
  return changed === 0
    ? `${bad ? "❌" : "✅"} **No table changed**: ${groupDigits(deferred)} read from ${markdownText(against)}`
    : `${mark} ${facts.join(" · ")}`;
}

function failureLines(report: AgainstReport, level: Level): readonly string[] {
  const failures = report.tables.flatMap((table) => {
    const checks = table.problems
      .filter((check) => check.status === "failed")
      .map((check) => `- ${markdownCode(table.table)}: ${problem(checkName(check), check.message)}`);
    if (checks.length > 0 || table.error === null) return checks;
    return [`- ${markdownCode(table.table)}: ${problem(table.error.code, table.error.message)}`];
  });
  if (failures.length === 0) return [];
  const more = failures.length > level.tables ? [`- … and ${failures.length - level.tables} more`] : [];
  return ["### Failed", "", ...failures.slice(0, level.tables), ...more];
}

const problem = (name: string, message: string | null): string =>
  `**${markdownText(name)}**${message === null ? "" : ` – ${cutText(message)}`}`;

/** A message may carry a row of data. */
const cutText = (text: string): string => markdownText(text.length > 400 ? `${text.slice(0, 399)}…` : text);

function changedLines(report: AgainstReport, level: Level): readonly string[] {
  if (report.tables.length === 0) return [];
  const rows = report.tables
    .slice(0, level.tables)
    .map(
      (table) =>
        `| ${[markdownCode(table.table), why(table), columnsCell(table.columns), rowsCell(table), costCell(table), statusCell(table)].join(" | ")} |`,
    );
  const more = report.tables.length > level.tables ? ["", `… and ${counted(report.tables.length - level.tables, "more table")}`] : [];
  return ["| table | why | columns | rows | cost | result |", "| --- | --- | --- | --- | --- | --- |", ...rows, ...more];
}

function why({ kind, parts, params, upstreams }: ChangedTable): string {
  if (kind === "new") return "new";
  const own = [...parts.map((part) => part.replaceAll("_", " ")), ...params.map((name) => `parameter ${name}`)];
  const [first, ...others] = upstreams;
  const from = first === undefined ? [] : [`upstream ${markdownCode(first)}${others.length === 0 ? "" : ` and ${others.length} more`}`];
  return [...own.map(markdownText), ...from].join(", ");
}

function columnsCell(columns: ColumnChanges | null): string {
  if (columns === null) return "";
  const { added, removed, types } = columns;
  const counts = [count("+", added.length), count("−", removed.length), count("~", types.length)].filter((text) => text !== "");
  return counts.join(" ");
}

const count = (sign: string, number: number): string => (number === 0 ? "" : `${sign}${groupDigits(number)}`);

function rowsCell({ diff, rows }: ChangedTable): string {
  const comparison = diff?.comparison ?? null;
  if (comparison === null) return rows === null ? "" : counted(rows, "row");
  const { added, removed, changed } = comparison;
  const counts = [count("+", added), count("−", removed), count("~", changed)].filter((text) => text !== "");
  return counts.length === 0 ? "the same" : counts.join(" ");
}

function costCell({ rows, duration_ms, status }: ChangedTable): string {
  if (status !== "succeeded" && status !== "failed") return "";
  return [durationText(duration_ms), ...(rows === null ? [] : [counted(rows, "row")])].join(", ");
}

function statusCell({ status, problems }: ChangedTable): string {
  const warned = problems.filter((check) => check.status === "warned").length;
  switch (status) {
    case "succeeded":
      return warned === 0 ? "✅ built" : `⚠️ built, ${counted(warned, "warning")}`;
    case "failed":
      return "❌ failed";
    case "skipped":
      return "⏭️ skipped";
    case "kept":
      return "☑️ built before";
    case "planned":
      return "to build";
    default:
      return status satisfies never;
  }
}

function details(table: ChangedTable, level: Level): string {
  const lines = sectionOf(table, level);
  return [`<details><summary>${markdownText(table.table)}</summary>`, "", ...lines, "", "</details>"].join("\n");
}

function sectionOf(table: ChangedTable, level: Level): readonly string[] {
  const warned = table.problems.filter((check) => check.status === "warned");
  return [
    ...columnLines(table.columns),
    ...diffLines(table.diff, level),
    ...warned.map((check) => `- warning: ${problem(checkName(check), check.message)}`),
    ...table.notes.map((note) => `- ${cutText(note)}`),
  ];
}

function columnLines(columns: ColumnChanges | null): readonly string[] {
  if (columns === null) return [];
  const { added, removed, types } = columns;
  return [
    ...added.map(({ name, type }) => `- column added: ${markdownCode(name)} ${markdownText(type)}`),
    ...removed.map(({ name, type }) => `- column removed: ${markdownCode(name)} ${markdownText(type)}`),
    ...types.map(({ column, old, new: now }) => `- column changed: ${markdownCode(column)} ${markdownText(old)} → ${markdownText(now)}`),
  ];
}

function diffLines(diff: TableDiff | null, level: Level): readonly string[] {
  if (diff === null) return [];
  if (diff.comparison === null) return diff.reason === null ? [] : [`- rows not compared: ${cutText(diff.reason)}`];
  const { comparison } = diff;
  if (comparison.added + comparison.removed + comparison.changed === 0) return [];
  return [`- rows: ${rowCounts(comparison)}`, ...byColumn(comparison), ...sampleLines(comparison, level.samples)];
}

function rowCounts({ added, removed, changed, equal, by, key }: TableComparison): string {
  const parts = [
    `${groupDigits(added)} added`,
    `${groupDigits(removed)} removed`,
    ...(by === "key" ? [`${groupDigits(changed)} changed`] : []),
    ...(equal === null ? [] : [`${groupDigits(equal)} equal`]),
  ];
  return `${parts.join(", ")} (compared ${by === "row" || key.length === 0 ? "row by row" : `by ${key.map(markdownCode).join(", ")}`})`;
}

const byColumn = ({ columns }: TableComparison): readonly string[] =>
  columns.length === 0
    ? []
    : [`- changed values: ${columns.map(({ column, changed }) => `${markdownCode(column)} ${groupDigits(changed)}`).join(", ")}`];

const listLine = (what: string, tables: readonly TableName[]): readonly string[] => {
  if (tables.length === 0) return [];
  const more = tables.length > 50 ? ` and ${tables.length - 50} more` : "";
  return [`${markdownText(what)}: ${tables.slice(0, 50).map(markdownCode).join(", ")}${more}`];
};

type TableName = ChangedTable["table"];
