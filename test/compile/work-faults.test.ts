import { describe, expect, it } from "vitest";
import { poolErrors } from "../../src/compile/pool-errors.ts";
import { poolsFaults, workFaults } from "../../src/compile/work-faults.ts";
import { defineProject } from "../../src/define/project.ts";
import { bronze, csv, t } from "../../src/index.ts";

const faults = (work: unknown): readonly string[] => workFaults(work).filter((fault) => fault !== null);

describe("how steps are carried out", () => {
  it("is taken as declared", () => {
    expect(faults({})).toEqual([]);
    const retries = { limit: 2, delay: "5 min", maxDelay: "1 hour", backoff: 1, jitter: 0 };
    expect(faults({ retries, timeout: "90 s", pool: "api", priority: -3 })).toEqual([]);
    expect(faults({ retries: { limit: 0 } })).toEqual([]);
    expect(poolsFaults({ api: 1 }).filter((fault) => fault !== null)).toEqual([]);
  });

  it.each([
    [{ timeout: "soon" }, "timeout is"],
    [{ timeout: "0 s" }, "timeout is"],
    [{ timeout: 10 }, "timeout is 10"],
    [{ pool: "" }, "pool is not a name"],
    [{ priority: 1.5 }, "priority is 1.5"],
    [{ retries: 3 }, "retries is not"],
    [{ retries: {} }, "retries.limit"],
    [{ retries: { limit: -1 } }, "retries.limit"],
    [{ retries: { limit: 1, delay: "1 month" } }, "retries.delay"],
    [{ retries: { limit: 1, maxDelay: "x" } }, "retries.maxDelay"],
    [{ retries: { limit: 1, delay: "2 h", maxDelay: "1 h" } }, "retries.maxDelay is shorter"],
    [{ retries: { limit: 1, backoff: 0.5 } }, "retries.backoff"],
    [{ retries: { limit: 1, jitter: 2 } }, "retries.jitter"],
    [{ retries: { limit: 1, dealy: "1 s" } }, "did you mean delay"],
  ])("%j is refused: %s", (work, message) => {
    expect(faults(work)).toEqual([expect.stringContaining(message)]);
  });

  it("pools are whole numbers", () => {
    expect(poolsFaults({ api: 0 })).toEqual([expect.stringContaining("pools.api is 0")]);
    expect(poolsFaults([])).toEqual([expect.stringContaining("pools is not")]);
  });

  it("a pool that the project does not have is named", () => {
    const orders = bronze("orders", { from: csv("o.csv"), columns: { id: t.integer() }, pool: "apo" });
    const project = (pools: Record<string, number>) => ({
      folder: ".",
      config: defineProject({ name: "p", pools }),
      bronze: [orders],
      models: [],
      pipelines: [],
      sinks: [],
    });
    expect(poolErrors(project({ api: 1 }))).toMatchObject([{ code: "PROJECT_INVALID", hint: "did you mean api?" }]);
    expect(poolErrors(project({}))).toMatchObject([{ hint: expect.stringContaining("pools: { apo: 1 }") }]);
    expect(poolErrors(project({ apo: 1 }))).toEqual([]);
  });
});
