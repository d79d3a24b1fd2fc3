import { describe, it } from "vitest";
import { renderRuns } from "../../../src/cli/render/render-runs.ts";
import type { RunSummary } from "../../../src/ports/state-store.ts";
import { expectGolden, plain } from "./golden.ts";

const run: RunSummary = {
  run_id: "20261121T060000Z-7f3a",
  pipeline: "daily",
  env: "dev",
  status: "succeeded",
  started_at: "2026-11-21T06:00:00.123Z",
  duration_ms: 4100,
  steps_run: 12,
  steps_failed: 0,
  steps_skipped: 3,
  checks_warned: 0,
};

describe("renderRuns", () => {
  it("lists runs with shape and word", () =>
    expectGolden(
      renderRuns(
        [
          { ...run, status: "running", duration_ms: null },
          run,
          { ...run, checks_warned: 2, duration_ms: 61_000 },
          { ...run, status: "failed", steps_failed: 1, steps_skipped: 1234, duration_ms: 7_260_000 },
          { ...run, status: "interrupted", duration_ms: null, pipeline: "a_pipeline_with_quite_a_long_name" },
        ],
        plain,
      ),
      "runs",
    ));

  it("says that there are none", () => expectGolden(renderRuns([], plain), "runs-empty"));
});
