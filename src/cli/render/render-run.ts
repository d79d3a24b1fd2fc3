import { checkName, countChecks } from "../../observe/check-text.ts";
import { durationText } from "../../observe/duration-text.ts";
import { counted, groupDigits } from "../../observe/group-digits.ts";
import { conservedText, ledgerLegend, ledgerLines } from "../../observe/ledger-lines.ts";
import { marks, type Outcome, outcomeOf, runOutcome } from "../../observe/outcome.ts";
import { paramsText } from "../../observe/params-text.ts";
import { printable } from "../../observe/printable.ts";
import { stageOf, stages, stepLabel } from "../../observe/stage.ts";
import { timestampText } from "../../observe/timestamp-text.ts";
import type { RunResult, StepResult } from "../../terms.ts";
import { columnLines, type Span, span } from "./columns.ts";
import { displayWidth } from "./display-width.ts";
import { foldChunks } from "./fold-chunks.ts";
import { nextCommands } from "./next-commands.ts";
import { outcomeFormats, paint, type RenderOptions } from "./paint.ts";
import { stepProblemLines } from "./step-problem-lines.ts";
import { wrapText } from "./wrap-text.ts";

export interface RunOptions extends RenderOptions {
  /** Where the run's log is; null when there is none. */
  readonly log: string | null;
  /** Arguments every suggested command needs, e.g. `["--project", "examples/shop"]`. */
  readonly flags: readonly string[];
  /** `problems`: only checks that did not pass are listed. */
  readonly checks: "problems" | "all";
}

const listedNames = 12;

/** A run for people: verdict, steps with their ledgers, what was skipped and why, measures, checks, failures, what to do next. */
export function renderRun(run: RunResult, options: RunOptions): string {
  const sections = [
    headLines(run, options),
    stepTable(run, options),
    skippedLines(run, options),
    conservedLines(run, options),
    checkSection(run, options),
    problemLines(run, "failed", options),
    problemLines(run, "warned", options),
    attemptLines(run, options),
    noteLines(run, options),
    lastLines(run, options),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => section.join("\n"))
    .join("\n\n");
}

const mark = (outcome: Outcome, text: string, color: boolean): string => paint(color, outcomeFormats[outcome], `${marks[outcome]} ${text}`);

function ranIn(run: RunResult): readonly StepResult[] {
  const rank = (step: StepResult): number => stages.indexOf(stageOf(step));
  return run.steps.filter((step) => step.status !== "skipped").sort((a, b) => rank(a) - rank(b));
}

function headLines(run: RunResult, { color, width }: RunOptions): readonly string[] {
  const { warned } = countChecks(run.steps.flatMap((step) => step.checks));
  const outcome = runOutcome(run.status, warned);
  const word = outcome === "warned" ? "succeeded with warnings" : run.status;
  const ran = ranIn(run).length;
  const params = paramsText(run.params);
  const time = run.duration_ms === null ? "" : ` in ${durationText(run.duration_ms)}`;
  const facts = [`run ${run.run_id}`, `pipeline ${run.pipeline}`, `environment ${run.env}`, timestampText(run.started_at)].join(" · ");
  return [
    `${mark(outcome, word, color)}  ${ran > 0 ? counted(ran, "step") : run.status === "succeeded" ? "nothing to do" : "no step finished"}${time}`,
    ...[facts, params].filter((text) => text !== "").flatMap((text) => wrapText(`  ${printable(text)}`, width)),
  ];
}

function stepTable(run: RunResult, options: RunOptions): readonly string[] {
  const rows = foldChunks(ranIn(run)).map((step) => {
    const outcome = outcomeOf(step);
    const status = [span(`${marks[outcome]} ${outcome}`, outcomeFormats[outcome])];
    return [status, stepLabel(step), rowsText(step), ledgerSpans(step), checksCell(step), durationText(step.duration_ms)];
  });
  if (rows.length === 0) return [];
  const columns = [
    { title: "status" },
    { title: "table", overflow: "wrap" },
    { title: "rows", align: "right" },
    { title: ledgerLegend, overflow: "wrap" },
    { title: "checks", overflow: "wrap" },
    { title: "time", align: "right" },
  ] as const;
  return columnLines(columns, rows, options);
}

function rowsText(step: StepResult): string {
  return step.rows_out === null ? "–" : groupDigits(step.rows_out);
}

function ledgerSpans(step: StepResult): readonly Span[] {
  const lines = ledgerLines(step).map((line) =>
    span(line.text, line.state === "unbalanced" ? "red" : line.state === "open" ? "dim" : null),
  );
  return step.quarantined === 0 ? lines : [...lines, span(`${marks.quarantined} ${groupDigits(step.quarantined)} quarantined`, "magenta")];
}

function checksCell(step: StepResult): readonly Span[] {
  const { passed, warned, failed, quarantined } = countChecks(step.checks);
  return [
    ...(passed > 0 ? [span(`${passed} ${marks.succeeded}`)] : []),
    ...(warned > 0 ? [span(`${warned} ${marks.warned} warned`, "yellow")] : []),
    ...(quarantined > 0 ? [span(`${quarantined} ${marks.quarantined} left rows out`, "magenta")] : []),
    ...(failed > 0 ? [span(`${failed} ${marks.failed} failed`, "red")] : []),
  ];
}

function skippedLines(run: RunResult, { color, width }: RunOptions): readonly string[] {
  const byReason = Map.groupBy(
    run.steps.filter((step) => step.status === "skipped"),
    (step) => step.reason,
  );
  return [...byReason].flatMap(([reason, steps]) => {
    const names = steps.slice(0, listedNames).map(stepLabel).join(", ");
    const more = steps.length > listedNames ? ` and ${groupDigits(steps.length - listedNames)} more` : "";
    return [
      mark("skipped", `${groupDigits(steps.length)} skipped: ${printable(reason)}`, color),
      ...wrapText(`${" ".repeat(4)}${printable(names)}${more}`, width).map((line) => paint(color, "dim", line)),
    ];
  });
}

function conservedLines(run: RunResult, options: RunOptions): readonly string[] {
  const rows = ranIn(run).flatMap((step) =>
    step.conserved.map((measure) => [
      [span(`${step.table}.${measure.column}`)],
      [span(`${measure.measure} of ${measure.upstream}`)],
      [span(conservedText(measure), measure.agrees ? null : "red")],
    ]),
  );
  const columns = [
    { title: "conserved measure", overflow: "wrap" },
    { title: "must equal", overflow: "wrap" },
    { title: "upstream total, total" },
  ] as const;
  return rows.length === 0 ? [] : columnLines(columns, rows, options);
}

function checkSection(run: RunResult, options: RunOptions): readonly string[] {
  const all = ranIn(run).flatMap((step) => step.checks.map((check) => ({ step, check })));
  if (all.length === 0) return [];
  const counts = countChecks(all.map(({ check }) => check));
  const { color } = options;
  const summary = [
    mark("succeeded", `${groupDigits(counts.passed)} passed`, color),
    ...(counts.warned > 0 ? [mark("warned", `${groupDigits(counts.warned)} warned`, color)] : []),
    ...(counts.failed > 0 ? [mark("failed", `${groupDigits(counts.failed)} failed`, color)] : []),
    ...(counts.quarantined > 0
      ? [paint(color, outcomeFormats.quarantined, `${marks.quarantined} ${groupDigits(counts.quarantined)} left rows out`)]
      : []),
  ].join(" · ");
  const line = `${counted(all.length, "check")}: ${summary}`;
  if (options.checks === "problems") return [line];
  const rows = all.map(({ step, check }) => {
    const outcome = check.status === "passed" ? "succeeded" : check.status;
    return [
      [span(`${marks[outcome]} ${check.status}`, outcomeFormats[outcome])],
      stepLabel(step),
      checkName(check),
      check.severity,
      groupDigits(check.failures),
    ];
  });
  const columns = [
    { title: "status" },
    { title: "table", overflow: "wrap" },
    { title: "check", overflow: "wrap" },
    { title: "severity" },
    { title: "failures", align: "right" },
  ] as const;
  return [line, "", ...columnLines(columns, rows, options)];
}

function problemLines(run: RunResult, outcome: "failed" | "warned", options: RunOptions): readonly string[] {
  return ranIn(run)
    .filter((step) => outcomeOf(step) === outcome)
    .flatMap((step) => [mark(outcome, printable(stepLabel(step)), options.color), ...stepProblemLines(step, options)]);
}

/** Steps that were tried more than once. */
function attemptLines(run: RunResult, { width }: RunOptions): readonly string[] {
  return ranIn(run).flatMap((step) =>
    (step.attempts ?? []).flatMap(({ attempt, status, started_at, error, retry_in_ms }) => {
      const next = retry_in_ms === null ? "" : `; again after ${durationText(retry_in_ms)}`;
      const why = error === null ? "" : `: ${error.code} ${error.message}`;
      return wrapText(printable(`attempt ${attempt}  ${stepLabel(step)}  ${timestampText(started_at)}  ${status}${why}${next}`), width);
    }),
  );
}

function noteLines(run: RunResult, { width }: RunOptions): readonly string[] {
  return ranIn(run).flatMap((step) => step.notes.flatMap((note) => wrapText(printable(`note  ${stepLabel(step)}: ${note}`), width)));
}

function lastLines(run: RunResult, { color, width, log, flags }: RunOptions): readonly string[] {
  const next = nextCommands(run, flags).map(({ command, purpose }, index) => {
    const line = `${index === 0 ? "next  " : "      "}${command}`;
    const remark = `  # ${purpose}`;
    return displayWidth(line + remark) > width ? line : `${line}${paint(color, "dim", remark)}`;
  });
  return [...(log === null ? [] : [`log   ${printable(log)}`]), ...next];
}
