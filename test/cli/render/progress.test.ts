import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Progress, progress } from "../../../src/cli/progress.ts";
import { colorSupported } from "../../../src/cli/render/color-supported.ts";
import type { RunEvent } from "../../../src/execute/run-event.ts";
import type { RunResult } from "../../../src/terms.ts";
import { failedRun, sampleRun, succeededRun, warnedRun } from "../../observe/sample-run.ts";
import { expectGolden } from "./golden.ts";

/** What a terminal of `columns` shows after the writes: enough of it for line feeds, carriage returns, cursor up and clear. */
function screenOf(output: string, columns: number): string {
  const rows: string[] = [""];
  let row = 0;
  let column = 0;
  const put = (character: string): void => {
    if (column >= columns) {
      row += 1;
      column = 0;
    }
    rows[row] = `${(rows[row] ?? "").padEnd(column).slice(0, column)}${character}`;
    column += 1;
  };
  for (const [index, part] of output.split("\u001b[").entries()) {
    const code = index === 0 ? null : (/^(\d*)([A-Za-z])/.exec(part) ?? null);
    if (code?.[2] === "A") row -= Number(code[1]);
    if (code?.[2] === "J") rows.splice(row, rows.length, (rows[row] ?? "").slice(0, column));
    for (const character of part.slice(code?.[0].length ?? 0)) {
      if (character === "\n") [row, column] = [row + 1, 0];
      else if (character === "\r") column = 0;
      else put(character);
      rows[row] ??= "";
    }
  }
  return rows.join("\n").trimEnd();
}

interface Show {
  readonly show: Progress;
  readonly output: () => string;
  readonly pass: (milliseconds: number) => void;
  readonly repeating: () => boolean;
}

function start(options: { interactive: boolean; color?: boolean; columns?: () => number }): Show {
  let output = "";
  let clock = 0;
  let work: (() => void) | null = null;
  const show = progress({
    stream: { write: (text) => (output += text) },
    interactive: options.interactive,
    color: options.color ?? false,
    columns: options.columns ?? (() => 100),
    now: () => clock,
    repeat: (again) => {
      work = again;
      return () => {
        work = null;
      };
    },
  });
  const pass = (milliseconds: number): void => {
    clock += milliseconds;
    work?.();
  };
  return { show, output: () => output, pass, repeating: () => work !== null };
}

const at = "2026-11-21T06:00:00.000Z";

function started(run: RunResult): RunEvent {
  const steps = run.steps.filter((step) => step.status !== "skipped" || step.reason !== "unchanged");
  return {
    kind: "RunStarted",
    at,
    run_id: run.run_id,
    project: "nova-retail",
    pipeline: run.pipeline,
    env: run.env,
    params: run.params,
    steps: steps.map(({ step, kind, table }) => ({ step, kind, table, because: "new" })),
    skipped: run.steps.length - steps.length,
  };
}

function play(run: RunResult, { show, pass }: Show): void {
  show(started(run));
  for (const result of run.steps.filter((step) => step.reason !== "unchanged")) {
    if (result.status !== "skipped") show({ kind: "StepStarted", at, step: result.step, table: result.table });
    pass(result.duration_ms);
    show({ kind: "StepFinished", at, result });
  }
  show({ kind: "RunFinished", at, result: run });
}

describe("progress in a pipe", () => {
  it("prints a plain line for each finished step", async () => {
    const run = start({ interactive: false });
    play(succeededRun, run);
    await expectGolden(run.output().trimEnd(), "progress-succeeded", 120);
    expect(run.repeating()).toBe(false);
  });

  it("prints error, place and hint below the step that failed", async () => {
    const run = start({ interactive: false });
    play(failedRun, run);
    await expectGolden(run.output().trimEnd(), "progress-failed", 200);
  });

  it("shows warned checks", async () => {
    const run = start({ interactive: false });
    play(warnedRun, run);
    await expectGolden(run.output().trimEnd(), "progress-warned", 120);
  });

  it("tells that an interrupted run was found", () => {
    const run = start({ interactive: false });
    run.show({ kind: "RunInterruptedFound", at, run_id: "r1", started_at: at });
    expect(run.output()).toBe("▲ run r1, started 2026-11-21 06:00:00Z, was interrupted: going on from what it finished\n");
  });
});

describe("progress on a terminal", () => {
  it("keeps a live line below the finished steps", () => {
    const run = start({ interactive: true });
    const [first, second] = [succeededRun.steps[2], succeededRun.steps[1]];
    if (first === undefined || second === undefined) throw new Error("the sample has steps");
    run.show(started(succeededRun));
    run.show({ kind: "StepStarted", at, step: first.step, table: first.table });
    run.show({ kind: "StepStarted", at, step: second.step, table: second.table });
    run.pass(1500);
    expect(screenOf(run.output(), 100).split("\n").at(-1)).toBe("⠴ 0 of 4 · 1.50 s · bronze.orders 1.50 s, gold.fact_sales 1.50 s");
    run.show({ kind: "StepFinished", at, result: first });
    const lines = screenOf(run.output(), 100).split("\n");
    expect(lines.at(-2)).toBe("✓ bronze.orders                    99,441 rows       0.31 s   2 checks");
    expect(lines.at(-1)).toBe("⠴ 1 of 4 · 1.50 s · gold.fact_sales 1.50 s");
  });

  it.each([100, 40, 20])("leaves on a screen of %d columns nothing but the lines of a pipe", (columns) => {
    const terminal = start({ interactive: true, columns: () => columns });
    const pipe = start({ interactive: false });
    play(succeededRun, terminal);
    play(succeededRun, pipe);
    const words = (text: string): string => screenOf(text, columns).replaceAll(/\s/g, "");
    expect(words(terminal.output())).toBe(words(pipe.output()));
    expect(terminal.output().endsWith("\u001b[J")).toBe(true);
    expect(terminal.repeating()).toBe(false);
  });

  it("clears every row the live line fills when the terminal became narrower", () => {
    let columns = 100;
    const run = start({ interactive: true, columns: () => columns });
    run.show(started(failedRun));
    columns = 10;
    expect(screenOf(run.output(), columns)).toMatch(/0 of 4 ·\n 0\.00 s$/);
    run.show.close();
    expect(screenOf(run.output(), columns)).toMatch(/0 sk\nipped$/);
  });

  it("draws no live line when there is nothing to run", () => {
    const run = start({ interactive: true });
    play(sampleRun([]), run);
    expect(run.output()).not.toContain("\u001b");
  });

  it("stops its own timer", () => {
    vi.useFakeTimers();
    const show = progress({ stream: { write: () => true }, interactive: true, color: false, columns: () => 80, now: () => 0 });
    show(started(succeededRun));
    expect(vi.getTimerCount()).toBe(1);
    show.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it("colours when asked", () => {
    const run = start({ interactive: false, color: true });
    play(failedRun, run);
    expect(run.output()).toContain("\u001b[31m✕\u001b[39m bronze.orders");
  });
});

describe("colorSupported", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is off in a pipe unless FORCE_COLOR asks for it, and off with NO_COLOR", () => {
    vi.stubEnv("FORCE_COLOR", undefined);
    vi.stubEnv("NO_COLOR", undefined);
    expect(colorSupported(new PassThrough())).toBe(false);
    vi.stubEnv("FORCE_COLOR", "1");
    expect(colorSupported(new PassThrough())).toBe(true);
    vi.stubEnv("FORCE_COLOR", undefined);
    vi.stubEnv("NO_COLOR", "1");
    expect(colorSupported(new PassThrough())).toBe(false);
  });
});
