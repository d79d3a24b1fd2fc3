import { describe, expect, it } from "vitest";
import { type RunOptions, renderRun } from "../../../src/cli/render/render-run.ts";
import type { TableName } from "../../../src/terms.ts";
import { failedRun, sampleCheck, sampleFact, sampleRun, sampleStep, succeededRun, warnedRun } from "../../observe/sample-run.ts";
import { expectGolden, plain } from "./golden.ts";

const options: RunOptions = {
  ...plain,
  log: "logs/20261121T060000Z-7f3a.log",
  flags: ["--project", "examples/my shop"],
  checks: "problems",
};

describe("renderRun", () => {
  it("shows ledgers, conserved measures and what was skipped", () => expectGolden(renderRun(succeededRun, options), "run-succeeded"));

  it("shows failures with what, where and what to do", () => expectGolden(renderRun(failedRun, options), "run-failed"));

  it("does not call a run with warned checks a plain success", async () => {
    const text = renderRun(warnedRun, options);
    expect(text).toMatch(/^▲ succeeded with warnings/);
    await expectGolden(text, "run-warned");
  });

  it("says that nothing ran", async () => {
    const skipped = Array.from({ length: 23 }, (_, index) =>
      sampleStep({ step: `build gold.table_${index}`, table: `gold.table_${index}`, status: "skipped", reason: "unchanged" }),
    );
    await expectGolden(
      renderRun(sampleRun(skipped, { params: {}, duration_ms: 41 }), { ...options, log: null, flags: [] }),
      "run-nothing-ran",
    );
  });

  it("lists every check when asked", () => expectGolden(renderRun(failedRun, { ...options, checks: "all" }), "run-every-check"));

  it("shows a run that was interrupted", () =>
    expectGolden(renderRun(sampleRun([], { status: "interrupted", finished_at: null, duration_ms: null }), options), "run-interrupted"));

  it("wraps long names, wide characters and long messages, and shows control codes as text", async () => {
    const long: TableName = `gold.${"very_long_".repeat(9)}name`;
    const steps = [
      { ...sampleFact, step: `build ${long}`, table: long, upstreams: [{ table: long, read: 1234567890, used: 1234567890 }] },
      sampleStep({ step: "build silver.訂單明細表", table: "silver.訂單明細表", notes: ["評論 \u001b[31m red \u202e reversed 👍"] }),
      sampleStep({
        status: "failed",
        checks: [sampleCheck({ status: "failed", failures: 1, message: `value "${"長い文".repeat(60)}" is not accepted` })],
        error: { code: "CHECK_FAILED", message: `bronze.orders ${"x".repeat(230)} end`, hint: null, location: null },
      }),
    ];
    await expectGolden(renderRun(sampleRun(steps, { status: "failed" }), options), "run-long-names");
  });

  it("colours only when asked", () => {
    expect(renderRun(failedRun, { ...options, color: true })).toContain("\u001b[31m✕ failed\u001b[39m");
  });

  it("quotes suggested commands for a shell", () => {
    expect(renderRun(succeededRun, { ...options, flags: ["--project", "it's $HOME"] })).toContain(`--project 'it'\\''s $HOME'`);
  });
});
