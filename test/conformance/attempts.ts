import { expect } from "vitest";
import { systemTimer } from "../../src/cli/system-timer.ts";
import { type ModelDefinition, type ModelOptions, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { AssayError, type ErrorCode } from "../../src/errors.ts";
import type { RunControl } from "../../src/execute/context.ts";
import type { RunEvent } from "../../src/execute/run-event.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { TableName } from "../../src/terms.ts";
import { virtualTimer } from "../support/virtual-timer.ts";
import { stepFor, succeed } from "./expectations.ts";
import { deliver, items, orders } from "./shop.ts";
import type { Suite } from "./suite.ts";

const columns = { total: t.bigint({ nullable: true }) };
type Work = Pick<ModelOptions<typeof columns>, "retries" | "timeout" | "pool" | "priority">;

const counted = (name: string, work: Work = {}): ModelDefinition =>
  model(`gold.${name}`, { grain: [], columns, ...work, sql: sql`select count(*) as total from ${orders}` });

/** A model that would take hours. */
const endless = (name: string, work: Work = {}): ModelDefinition =>
  model(`gold.${name}`, {
    grain: [],
    columns,
    ...work,
    sql: sql`select cast(sum(o.order_id * a.x % 7 + b.y % 7) as bigint) as total
      from ${orders} as o, generate_series(1, 1000000) as a(x), generate_series(1, 1000000) as b(y)`,
  });

const control = (more: Partial<RunControl> = {}): RunControl => ({
  signal: new AbortController().signal,
  timer: virtualTimer().timer,
  observe: () => Promise.reject(new Error("no source is looked at")),
  ...more,
});

/** An engine that cannot build a table the first times. */
const failing =
  (table: TableName, code: ErrorCode, times: number) =>
  (engine: Engine): Engine => {
    let left = times;
    return {
      ...engine,
      buildCandidate: async (session, candidate) => {
        const relation = await engine.buildCandidate(session, candidate);
        if (candidate.table === table && left-- > 0) throw new AssayError(code, `the test's ${code}`);
        return relation;
      },
    };
  };

const oneOrder = "1,2026-01-01,10,new";

/** The process spends its time in the engine; a step that is not cancelled takes hours. */
const soon = { timeout: 30_000 } as const;

export function attempts({ test }: Suite): void {
  test("a step whose error can pass is tried again, and its attempts are on record", async (world) => {
    await world.define([orders], [counted("n", { retries: { limit: 3, delay: "10 s", maxDelay: "25 s", jitter: 0.5 } })]);
    await deliver(world, "orders", "1", oneOrder);
    const { timer, waits } = virtualTimer(1);
    const events: RunEvent[] = [];
    const options = { control: control({ timer }), engine: failing("gold.n", "ENGINE_UNREACHABLE", 3) };
    const run = await succeed(world, { ...options, emit: (event) => void events.push(event) });
    // 10, 20 and 40 s, the last no longer than 25; chance takes half off.
    expect(waits).toEqual([5_000, 10_000, 12_500]);
    expect(
      events.flatMap((event) => (event.kind === "StepRetrying" ? [[event.attempt, event.error.code, event.retry_in_ms]] : [])),
    ).toEqual([
      [1, "ENGINE_UNREACHABLE", 5_000],
      [2, "ENGINE_UNREACHABLE", 10_000],
      [3, "ENGINE_UNREACHABLE", 12_500],
    ]);
    const told = stepFor(run, "gold.n").attempts?.map(({ attempt, status, error }) => [attempt, status, error?.code ?? null]);
    expect(told).toEqual([
      [1, "failed", "ENGINE_UNREACHABLE"],
      [2, "failed", "ENGINE_UNREACHABLE"],
      [3, "failed", "ENGINE_UNREACHABLE"],
      [4, "succeeded", null],
    ]);
    expect(await world.rows("gold.n")).toEqual(["1"]);
    const recorded = await world.look(async (session, _engine, store) => store.readRun(session, run.run_id));
    expect(recorded?.steps).toEqual(run.steps);
  });

  test("a step that fails once too often failed, with its last error", async (world) => {
    await world.define([orders], [counted("n", { retries: { limit: 1 } }), counted("other")]);
    await deliver(world, "orders", "1", oneOrder);
    const run = await world.run({ control: control(), engine: failing("gold.n", "ENGINE_UNREACHABLE", 2) });
    expect(run.status).toBe("failed");
    expect(stepFor(run, "gold.n")).toMatchObject({ status: "failed", error: { code: "ENGINE_UNREACHABLE" } });
    expect(stepFor(run, "gold.n").attempts).toHaveLength(2);
    expect(stepFor(run, "gold.other").status).toBe("succeeded");
  });

  test("an error that cannot pass is not tried again", async (world) => {
    await world.define([orders], [counted("n", { retries: { limit: 5 } })]);
    await deliver(world, "orders", "1", oneOrder);
    for (const code of ["CHECK_FAILED", "BUILD_FAILED"] as const) {
      const { timer, waits } = virtualTimer();
      const run = await world.run({ control: control({ timer }), engine: failing("gold.n", code, 1) });
      expect(stepFor(run, "gold.n")).toMatchObject({ status: "failed", error: { code } });
      expect(stepFor(run, "gold.n").attempts).toBeUndefined();
      expect(waits).toEqual([]);
    }
  });

  test("where nothing is declared, only what the server asks to be tried again is", async (world) => {
    await world.define([orders], [counted("n")]);
    await deliver(world, "orders", "1", oneOrder);
    const lost = await world.run({ control: control(), engine: failing("gold.n", "ENGINE_UNREACHABLE", 1) });
    expect(lost.status).toBe("failed");
    const busy = await succeed(world, { control: control(), engine: failing("gold.n", "ENGINE_BUSY", 2) });
    expect(stepFor(busy, "gold.n").attempts).toHaveLength(3);
  });

  test("a source that was not there is looked for again", async (world) => {
    await world.define([{ ...orders, work: { retries: { limit: 1 } } }], [counted("n")]);
    const failed = await world.run({ control: control({ observe: async () => ({ error: new AssayError("SOURCE_MISSING", "gone") }) }) });
    expect(stepFor(failed, "bronze.orders").attempts?.map(({ error }) => error?.code)).toEqual(["SOURCE_MISSING", "SOURCE_MISSING"]);
    const observe: RunControl["observe"] = async (table) => {
      await deliver(world, "orders", "1", oneOrder);
      return world.observe(table);
    };
    const run = await world.run({ control: control({ observe }) });
    expect(run.status).toBe("succeeded");
    expect(await world.rows("gold.n")).toEqual(["1"]);
  });

  test(
    "a step that takes longer than its timeout is cancelled, and leaves no trace",
    async (world) => {
      await world.define([orders], [endless("hours", { timeout: "0.5 s" }), counted("n")]);
      await deliver(world, "orders", "1", oneOrder);
      const run = await world.run({ control: control({ timer: systemTimer }), concurrency: 2 });
      expect(stepFor(run, "gold.hours")).toMatchObject({ status: "failed", error: { code: "STEP_TIMEOUT" } });
      expect(stepFor(run, "gold.n").status).toBe("succeeded");
      expect((await world.state()).publications.has("gold.hours")).toBe(false);
      // The next run finds nothing in its way.
      await world.define([orders], [counted("hours"), counted("n")]);
      await succeed(world);
      expect(await world.rows("gold.hours")).toEqual(["1"]);
    },
    soon,
  );

  test(
    "a cancelled run stops its statements, starts nothing more, and is on record as cancelled",
    async (world) => {
      const after = model("gold.after", { grain: [], columns, sql: sql`select total from ${endless("hours")}` });
      await world.define([orders], [endless("hours", { retries: { limit: 3 } }), after, counted("n")]);
      await deliver(world, "orders", "1", oneOrder);
      const controller = new AbortController();
      const reason = new AssayError("RUN_CANCELLED", "the test cancels it");
      const run = await world.run({
        control: control({ signal: controller.signal }),
        emit: (event) => {
          if (event.kind === "StepStarted" && event.table === "gold.hours") setTimeout(() => controller.abort(reason), 300);
        },
      });
      expect(run.status).toBe("cancelled");
      expect(stepFor(run, "gold.hours")).toMatchObject({ status: "failed", error: { code: "RUN_CANCELLED" } });
      expect(stepFor(run, "gold.after")).toMatchObject({ status: "skipped", reason: "the run was cancelled" });
      const recorded = await world.look(async (session, _engine, store) => store.readRun(session, run.run_id));
      expect(recorded?.status).toBe("cancelled");
      await world.define([orders], [counted("hours"), model("gold.after", { grain: [], columns, sql: sql`select total from gold.hours` })]);
      await succeed(world);
    },
    soon,
  );

  test(
    "of a pool's steps no more than its limit run at a time; the others go on",
    async (world) => {
      const pooled = ["a", "b", "c", "d"].map((name) => counted(name, { pool: "api" }));
      await world.define([orders], [...pooled, counted("free")], { api: 2 });
      await deliver(world, "orders", "1", oneOrder);
      const active = new Set<string>();
      let most = 0;
      let beside = false;
      await succeed(world, {
        concurrency: 4,
        emit: (event) => {
          if (event.kind === "StepFinished") active.delete(event.result.table);
          if (event.kind !== "StepStarted") return;
          active.add(event.table);
          const inPool = [...active].filter((name) => name.startsWith("gold.") && name !== "gold.free").length;
          most = Math.max(most, inPool);
          beside ||= inPool === 2 && active.has("gold.free");
        },
      });
      expect(most).toBe(2);
      expect(beside).toBe(true);
    },
    { needs: ["parallel_writers"] },
  );

  test("the highest priority goes first, and what it waits for with it", async (world) => {
    const urgent = model("gold.urgent", { grain: [], columns, priority: 5, sql: sql`select count(*) as total from ${items}` });
    await world.define([orders, items], [counted("n"), counted("later", { priority: -1 }), urgent]);
    await deliver(world, "orders", "1", oneOrder);
    await deliver(world, "items", "1", "1,1,1.50");
    const order: string[] = [];
    await succeed(world, { emit: (event) => void (event.kind === "StepStarted" && order.push(event.table)) });
    expect(order).toEqual(["bronze.items", "gold.urgent", "bronze.orders", "gold.n", "gold.later"]);
  });
}
