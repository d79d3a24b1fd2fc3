import { durationText } from "../../observe/duration-text.ts";
import { groupDigits } from "../../observe/group-digits.ts";
import { marks, runOutcome } from "../../observe/outcome.ts";
import { timestampText } from "../../observe/timestamp-text.ts";
import type { RunSummary } from "../../ports/state-store.ts";
import { columnLines, span } from "./columns.ts";
import { outcomeFormats, type RenderOptions } from "./paint.ts";

/** The list of runs, in the order given. */
export function renderRuns(runs: readonly RunSummary[], options: RenderOptions): string {
  if (runs.length === 0) return "no runs yet · `assay run` starts one";
  const rows = runs.map((run) => {
    const outcome = runOutcome(run.status, run.checks_warned);
    return [
      [span(`${marks[outcome]} ${outcome}`, outcomeFormats[outcome])],
      run.run_id,
      run.pipeline,
      run.env,
      timestampText(run.started_at, "minutes"),
      run.duration_ms === null ? "–" : durationText(run.duration_ms),
      stepsText(run),
    ];
  });
  const columns = [
    { title: "status" },
    { title: "run" },
    { title: "pipeline", overflow: "wrap" },
    { title: "env", overflow: "wrap" },
    { title: "started" },
    { title: "time", align: "right" },
    { title: "steps", overflow: "wrap" },
  ] as const;
  return columnLines(columns, rows, options).join("\n");
}

function stepsText(run: RunSummary): string {
  const ran =
    run.steps_failed > 0 ? `${groupDigits(run.steps_failed)} of ${groupDigits(run.steps_run)} failed` : `${groupDigits(run.steps_run)} ran`;
  return run.steps_skipped > 0 ? `${ran}, ${groupDigits(run.steps_skipped)} skipped` : ran;
}
