import type { RunEvent } from "../execute/run-event.ts";
import type { CheckResult, RunResult, StepResult } from "../terms.ts";
import { checkProblems, checksText, checkText, countChecks } from "./check-text.ts";
import { durationText } from "./duration-text.ts";
import { counted, groupDigits } from "./group-digits.ts";
import { conservedText, ledgerLegend, ledgerLines } from "./ledger-lines.ts";
import { outcomeOf } from "./outcome.ts";
import { paramsText } from "./params-text.ts";
import { type Stage, stageOf } from "./stage.ts";
import { timestampText } from "./timestamp-text.ts";

export interface LogLine {
  readonly level: "INFO" | "WARN" | "ERROR";
  /** May hold line breaks. */
  readonly text: string;
}

const info = (text: string): LogLine => ({ level: "INFO", text });
const warn = (text: string): LogLine => ({ level: "WARN", text });
const error = (text: string): LogLine => ({ level: "ERROR", text });

/** What a run's log says about an event. `begun` holds the stages whose banner was written, and is added to. */
export function runLogLines(event: RunEvent, begun: Set<Stage>): readonly LogLine[] {
  switch (event.kind) {
    case "RunStarted":
      return runStarted(event);
    case "RunInterruptedFound":
      return [
        warn(`run ${event.run_id}, started ${timestampText(event.started_at)}, was interrupted; this run goes on from what it finished`),
      ];
    case "StepStarted":
      return [...banner(stageOf(event), begun), info(`${event.step}: started`)];
    case "StepRetrying": {
      const wait = `attempt ${event.attempt} failed; attempt ${event.attempt + 1} in ${durationText(event.retry_in_ms)}`;
      return [warn(`${event.step}: ${wait}`), warn(`  ${event.error.code}: ${event.error.message}`)];
    }
    case "StepFinished":
      return stepFinished(event.result);
    case "RunFinished":
      return runFinished(event.result);
    default:
      return event satisfies never;
  }
}

function runStarted(event: Extract<RunEvent, { kind: "RunStarted" }>): readonly LogLine[] {
  const params = paramsText(event.params);
  return [
    info(`run ${event.run_id} started: project ${event.project}, pipeline ${event.pipeline}, environment ${event.env}`),
    ...(params === "" ? [] : [info(`parameters: ${params}`)]),
    info(`${counted(event.steps.length, "step")} to run, ${groupDigits(event.skipped)} skipped`),
    ...event.steps.map((step) => info(`  ${step.step}: ${step.because}`)),
  ];
}

function banner(stage: Stage, begun: Set<Stage>): readonly LogLine[] {
  if (begun.has(stage)) return [];
  begun.add(stage);
  return [info(`================ ${stage.toUpperCase()} ================`)];
}

function stepFinished(step: StepResult): readonly LogLine[] {
  return [
    headline(step),
    ...ledgerLines(step).map((line) =>
      line.state === "open" ? info(`  ${line.text}`) : (line.state === "balanced" ? info : error)(`  ${line.text} (${ledgerLegend})`),
    ),
    ...step.conserved.map((measure) =>
      (measure.agrees ? info : error)(
        `  conserves ${measure.column} (${measure.measure} of ${measure.upstream}): ${conservedText(measure)}`,
      ),
    ),
    ...(step.checks.length === 0
      ? []
      : [info(`  ${checksText(step.checks)}${countChecks(step.checks).passed === step.checks.length ? " passed" : ""}`)]),
    ...checkProblems(step).map(checkLine),
    ...step.notes.map((note) => info(`  note: ${note}`)),
    ...errorLines(step),
  ];
}

function headline(step: StepResult): LogLine {
  const outcome = outcomeOf(step);
  if (outcome === "skipped") return info(`${step.step}: skipped: ${step.reason}`);
  const rows = step.rows_out === null ? "" : `${counted(step.rows_out, "row")}, `;
  const text = `${step.step}: ${outcome === "warned" ? "succeeded with warnings" : step.status}: ${rows}${durationText(step.duration_ms)}`;
  return outcome === "failed" ? error(text) : outcome === "warned" ? warn(text) : info(text);
}

function checkLine(check: CheckResult): LogLine {
  return (check.status === "failed" ? error : warn)(`  check ${checkText(check)}`);
}

function errorLines(step: StepResult): readonly LogLine[] {
  if (step.error === null) return [];
  const { code, message, hint, location } = step.error;
  return [
    error(`  ${code}: ${message}`),
    ...(location === null ? [] : [error(`  at ${location.file}:${location.line}`)]),
    ...(hint === null ? [] : [error(`  hint: ${hint}`)]),
  ];
}

function runFinished(run: RunResult): readonly LogLine[] {
  const count = (status: StepResult["status"]): string => groupDigits(run.steps.filter((step) => step.status === status).length);
  const total = run.duration_ms === null ? "" : `, total ${durationText(run.duration_ms)}`;
  const text = `run ${run.run_id} ${run.status}: ${count("succeeded")} succeeded, ${count("failed")} failed, ${count("skipped")} skipped${total}`;
  return [info("================ SUMMARY ================"), (run.status === "succeeded" ? info : error)(text)];
}
