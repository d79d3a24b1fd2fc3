import type { RunEvent, RunEventListener } from "../execute/run-event.ts";
import { checksText } from "../observe/check-text.ts";
import { durationText } from "../observe/duration-text.ts";
import { counted, groupDigits } from "../observe/group-digits.ts";
import { marks, outcomeOf } from "../observe/outcome.ts";
import { paramsText } from "../observe/params-text.ts";
import { printable } from "../observe/printable.ts";
import { stepLabel } from "../observe/stage.ts";
import { timestampText } from "../observe/timestamp-text.ts";
import { mappedKinds, type StepResult } from "../terms.ts";
import { errorLines } from "./render/error-lines.ts";
import { liveLine } from "./render/live-line.ts";
import { outcomeFormats, paint, type RenderOptions } from "./render/paint.ts";
import { stepProblemLines } from "./render/step-problem-lines.ts";

export interface ProgressOptions {
  readonly stream: { write(text: string): unknown };
  /** Draw a live line below the finished steps; false in a pipe. */
  readonly interactive: boolean;
  readonly color: boolean;
  /** Width of the terminal now. */
  readonly columns: () => number;
  /** Milliseconds on any clock that only goes forward. */
  readonly now: () => number;
  /** Calls `work` again and again until the function it returns is called; default a timer that does not keep the process alive. */
  readonly repeat?: (work: () => void, milliseconds: number) => () => void;
}

export type Progress = RunEventListener & {
  /** Removes the live line and stops its timer; needed only where a run ends without `RunFinished`. */
  close(): void;
};

interface Running {
  readonly label: string;
  readonly since: number;
}

/** Shows a run as it goes: a line for each finished step, problems right below it, and on a terminal a live line of what is running. */
export function progress(options: ProgressOptions): Progress {
  const { stream, interactive, color, columns, now, repeat = byTimer } = options;
  const running = new Map<string, Running>();
  const open = new Set<string>();
  const live = liveLine(stream, columns);
  let steps = 0;
  let began = now();
  let labelWidth = 0;
  let stop: (() => void) | null = null;
  const draw = (above: readonly string[]): void => {
    if (interactive && stop !== null)
      live.draw(above, { running: [...running.values()], done: steps - open.size, steps, began, now: now(), color });
    else if (above.length > 0) stream.write(above.map((line) => `${line}\n`).join(""));
  };
  const close = (): void => {
    stop?.();
    stop = null;
    if (interactive) live.erase();
  };
  const listener = (event: RunEvent): void => {
    switch (event.kind) {
      case "RunStarted":
        began = now();
        steps = event.steps.length;
        for (const step of event.steps) open.add(step.step);
        labelWidth = Math.min(48, Math.max(0, ...event.steps.map((step) => stepLabel(step).length)));
        if (interactive && stop === null && steps > 0) stop = repeat(() => draw([]), 100);
        draw(startLines(event, color));
        return;
      case "RunInterruptedFound":
        draw([
          paint(
            color,
            "yellow",
            `${marks.interrupted} run ${event.run_id}, started ${timestampText(event.started_at)}, was interrupted: going on from what it finished`,
          ),
        ]);
        return;
      case "StepStarted":
        running.set(event.step, { label: stepLabel(event), since: now() });
        draw([]);
        return;
      case "StepRetrying":
        running.delete(event.step);
        draw(retryLines(event, { color, width: interactive ? columns() : Number.POSITIVE_INFINITY }));
        return;
      case "StepFinished":
        running.delete(event.result.step);
        open.delete(event.result.step);
        if (mappedKinds.includes(event.result.kind) && event.result.status === "succeeded") draw([]);
        else draw(stepLines(event.result, labelWidth, { color, width: interactive ? columns() : Number.POSITIVE_INFINITY }));
        return;
      case "RunFinished":
        close();
        return;
      default:
        event satisfies never;
    }
  };
  return Object.assign(listener, { close });
}

function byTimer(work: () => void, milliseconds: number): () => void {
  const timer = setInterval(work, milliseconds).unref();
  return () => clearInterval(timer);
}

function startLines(event: Extract<RunEvent, { kind: "RunStarted" }>, color: boolean): readonly string[] {
  const params = paramsText(event.params);
  const facts = [event.project, `pipeline ${event.pipeline}`, `environment ${event.env}`, ...(params === "" ? [] : [params])].join(" · ");
  return [
    `run ${event.run_id}  ${paint(color, "dim", printable(facts))}`,
    `${counted(event.steps.length, "step")} to run, ${groupDigits(event.skipped)} skipped`,
  ];
}

function retryLines(event: Extract<RunEvent, { kind: "StepRetrying" }>, options: RenderOptions): readonly string[] {
  const wait = `attempt ${event.attempt} failed; attempt ${event.attempt + 1} in ${durationText(event.retry_in_ms)}`;
  const head = paint(options.color, "yellow", printable(`${marks.warned} ${stepLabel(event)}  ${wait}`));
  return [head, ...errorLines(event.error, { ...options, indent: 4, label: "" })];
}

function stepLines(step: StepResult, labelWidth: number, options: RenderOptions): readonly string[] {
  const outcome = outcomeOf(step);
  const { color } = options;
  const label = printable(stepLabel(step)).padEnd(labelWidth);
  const sign = paint(color, outcomeFormats[outcome], marks[outcome]);
  if (outcome === "skipped") return [`${sign} ${label}  ${paint(color, "gray", printable(`skipped: ${step.reason}`))}`];
  const rows = outcome === "failed" ? "failed" : step.rows_out === null ? "" : counted(step.rows_out, "row");
  const facts = [checksText(step.checks), step.removed > 0 ? `${groupDigits(step.removed)} removed` : ""]
    .filter((fact) => fact !== "")
    .join(", ");
  const refused =
    step.quarantined > 0 ? `   ${paint(color, "magenta", `${marks.quarantined} ${groupDigits(step.quarantined)} quarantined`)}` : "";
  const shownRows = paint(color, outcome === "failed" ? "red" : null, rows.padStart(15));
  return [
    `${sign} ${label}  ${shownRows}  ${durationText(step.duration_ms).padStart(11)}   ${facts}${refused}`.trimEnd(),
    ...stepProblemLines(step, options),
  ];
}
