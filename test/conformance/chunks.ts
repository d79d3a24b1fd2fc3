import { expect } from "vitest";
import type { BronzeDefinition } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import type { Retries } from "../../src/define/work-options.ts";
import { AssayError, type ErrorCode } from "../../src/errors.ts";
import type { Engine, FilePart } from "../../src/ports/engine.ts";
import type { RunResult, StepResult } from "../../src/terms.ts";
import { virtualTimer } from "../support/virtual-timer.ts";
import { expectIdle, succeed } from "./expectations.ts";
import { deliver, loaded, orders } from "./shop.ts";
import type { Suite } from "./suite.ts";
import { control, watchedParts } from "./watched-parts.ts";
import type { World } from "./world.ts";

const inChunks = (rows: number, more: { readonly concurrency?: number; readonly retries?: Retries } = {}): BronzeDefinition => {
  const { retries, ...chunks } = more;
  return { ...orders, chunks: { rows, ...chunks }, work: retries === undefined ? {} : { retries } };
};

const count: ModelDefinition = model("gold.n", {
  grain: [],
  columns: { total: t.bigint() },
  sql: sql`select count(*) as total from ${orders}`,
});

const order = (id: number, status = "new"): string => `${id},2026-01-0${(id % 9) + 1},${id * 10},${status}`;
const orderLines = (from: number, to: number, status = "new"): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => order(from + index, status));
const ids = async (world: World): Promise<readonly number[]> =>
  (await world.rows("bronze.orders", "order_id")).map(Number).sort((a, b) => a - b);
const numbers = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

const ofKind = (run: RunResult, kind: StepResult["kind"]): readonly StepResult[] => run.steps.filter((step) => step.kind === kind);
const told = (run: RunResult): readonly string[] => run.steps.map(({ step, status }) => `${step}: ${status}`);
const sum = (steps: readonly StepResult[], field: "rows_in" | "rows_out"): number =>
  steps.reduce((total, step) => total + (step[field] ?? 0), 0);

/** Counts parts that are asked for, by their first row; those of `failing` fail so many times. */
function watched(failing: ReadonlyMap<number, number> = new Map(), code: ErrorCode = "ENGINE_UNREACHABLE", before = async () => {}) {
  const { carry, asked } = watchedParts(failing, code, before);
  const engine = (inner: Engine): Engine => ({
    ...inner,
    loadPart: (session, table, part: FilePart) => carry(part.first, () => inner.loadPart(session, table, part)),
  });
  return { engine, asked };
}

const forever = Number.POSITIVE_INFINITY;

export function chunks({ test, faultsEvery }: Suite): void {
  test("the chunks of a file add up, each with its own ledger, and make the table of one piece", async (world) => {
    await world.define([inChunks(3)], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 5), "x,2026-01-01,1,new", ...orderLines(6, 10));
    await deliver(world, "orders", "2", ...orderLines(11, 12));
    const run = await succeed(world);
    expect(told(run)).toEqual([
      "extract bronze.orders: succeeded",
      "ingest bronze.orders: succeeded",
      "build gold.n: succeeded",
      ...[1, 2, 3, 4, 5].map((chunk) => `load bronze.orders [${chunk}/5]: succeeded`),
    ]);
    const [extract] = ofKind(run, "extract");
    expect(extract).toMatchObject({ rows_in: 13, rows_out: 12, quarantined: 1 });
    const loads = ofKind(run, "load");
    expect(loads.map(({ rows_in, rows_out }) => [rows_in, rows_out])).toEqual([3, 3, 3, 1, 2].map((rows) => [rows, rows]));
    expect(ofKind(run, "ingest")[0]).toMatchObject({ rows_in: sum(loads, "rows_out"), rows_out: 12, quarantined: 0 });
    const rows = await world.rows("bronze.orders");
    expect(await ids(world)).toEqual(numbers(1, 12));
    const recorded = await world.look(async (session, _engine, store) => store.readRun(session, run.run_id));
    expect(recorded?.steps).toEqual(run.steps);
    const held = await world.look((session, _engine, store) => store.listQuarantine(session));
    expect(held).toMatchObject([{ table: "bronze.orders", rows: 1 }]);
    await expectIdle(world);
    // How a file is loaded is no part of what it makes.
    await world.define([orders], [count]);
    await expectIdle(world);
    await succeed(world, { fullRefresh: true });
    expect(await world.rows("bronze.orders")).toEqual(rows);
  });

  test("a chunk that fails is tried again alone; the others are done once", async (world) => {
    await world.define([inChunks(2, { retries: { limit: 3, delay: "1 min", maxDelay: "15 min", jitter: 0 } })], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 9));
    const { engine, asked } = watched(new Map([[4, 2]]));
    const { timer, waits } = virtualTimer();
    const run = await succeed(world, { engine, control: { ...control(), timer } });
    expect(asked.toSorted((a, b) => a - b)).toEqual([0, 2, 4, 4, 4, 6, 8]);
    expect(waits).toEqual([60_000, 120_000]);
    expect(ofKind(run, "load").map(({ attempts = [] }) => attempts.length)).toEqual([0, 0, 3, 0, 0]);
    expect(await ids(world)).toEqual(numbers(1, 9));
  });

  test("while chunks come readers see the table as it was; one that fails for good leaves it so, and only that one is left for the next run", async (world) => {
    await world.define([inChunks(2)], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 4, "old"));
    await succeed(world);
    const before = await world.rows("bronze.orders");
    await deliver(world, "orders", "1", ...orderLines(3, 9));
    const seen: (readonly string[])[] = [];
    const look = async (): Promise<void> => void seen.push(await world.rows("bronze.orders"));
    const broken = watched(new Map([[2, forever]]), "BUILD_FAILED", look);
    const run = await world.run({ engine: broken.engine });
    expect(run.status).toBe("failed");
    expect(told(run)).toEqual([
      "extract bronze.orders: succeeded",
      "ingest bronze.orders: skipped",
      "build gold.n: skipped",
      "load bronze.orders [1/4]: succeeded",
      "load bronze.orders [2/4]: failed",
      "load bronze.orders [3/4]: succeeded",
      "load bronze.orders [4/4]: succeeded",
    ]);
    expect(ofKind(run, "ingest")[0]?.reason).toBe("load bronze.orders [2/4] did not succeed");
    expect(seen).toEqual([before, before, before, before]);
    expect(await world.rows("bronze.orders")).toEqual(before);
    const { engine, asked } = watched(new Map(), "BUILD_FAILED", look);
    const second = await succeed(world, { engine });
    expect(asked).toEqual([2]);
    expect(ofKind(second, "extract")[0]).toMatchObject({ rows_in: null, notes: [expect.stringContaining("3 of 4 chunks are loaded")] });
    expect(ofKind(second, "ingest")[0]).toMatchObject({ rows_in: 7, rows_out: 7 });
    expect(seen.at(-1)).toEqual(before);
    expect(await ids(world)).toEqual(numbers(3, 9));
    expect(await world.rows("gold.n")).toEqual(["7"]);
    await expectIdle(world);
  });

  test("a file that changed meanwhile begins anew, and nothing of it as it was is left", async (world) => {
    await world.define([inChunks(2)], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 6));
    const broken = watched(new Map([[4, forever]]), "BUILD_FAILED");
    expect((await world.run({ engine: broken.engine })).status).toBe("failed");
    await deliver(world, "orders", "1", ...orderLines(3, 8));
    const { engine, asked } = watched();
    await succeed(world, { engine });
    expect(asked).toEqual([0, 2, 4]);
    expect(await ids(world)).toEqual(numbers(3, 8));
    expect(await world.batches()).toEqual(["bronze.orders/run-002"]);
    // Nor when it is sent as it was.
    await deliver(world, "orders", "1", ...orderLines(1, 6));
    await succeed(world);
    expect(await ids(world)).toEqual(numbers(1, 6));
  });

  test("what a full refresh has extracted is not published by a run that is none", async (world) => {
    await world.define([inChunks(2)], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 4));
    await succeed(world);
    await deliver(world, "orders", "2", ...orderLines(5, 6));
    const broken = watched(new Map([[2, forever]]), "BUILD_FAILED");
    expect((await world.run({ engine: broken.engine, fullRefresh: true })).status).toBe("failed");
    const { engine, asked } = watched();
    await succeed(world, { engine });
    expect(asked).toEqual([0]);
    expect(await ids(world)).toEqual(numbers(1, 6));
    expect(await world.batches()).toEqual(["bronze.orders/run-001", "bronze.orders/run-003"]);
  });

  test(
    "a run that is killed at any statement is gone on with: every row is there once, and no chunk that was loaded is loaded again",
    async (world) => {
      await world.define([inChunks(2)], [count]);
      let rounds = 0;
      for (let at = 1; ; at += 3 * faultsEvery) {
        await deliver(world, "orders", "1", ...orderLines(at, at + 5));
        const before = await world.look((session, _engine, store) => store.readExtract(session, "bronze.orders"));
        expect(before).toBe(null);
        const { happened } = await world.runWith({ kind: "crash", at });
        const kept = await world.look(async (session, _engine, store) => {
          const extract = await store.readExtract(session, "bronze.orders");
          return extract === null ? null : await store.readChunks(session, "bronze.orders", extract.batch_id);
        });
        const { engine, asked } = watched();
        const run = await succeed(world, { engine });
        if (kept !== null) expect(asked).toEqual([1, 2, 3].filter((chunk) => !kept.has(chunk)).map((chunk) => (chunk - 1) * 2));
        if (ofKind(run, "extract").some((step) => step.status === "succeeded")) rounds += 1;
        expect(await ids(world)).toEqual(numbers(at, at + 5));
        expect(await world.rows("gold.n")).toEqual(["6"]);
        if (!happened) break;
      }
      expect(rounds).toBeGreaterThan(10 / faultsEvery);
    },
    { timeout: 240_000 },
  );

  test("no more chunks at a time than the table allows", async (world) => {
    await world.define([inChunks(1, { concurrency: 2 })], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 12));
    const active = new Set<string>();
    let most = 0;
    await succeed(world, {
      concurrency: 6,
      emit: (event) => {
        if (event.kind === "StepStarted" && event.step.startsWith("load ")) active.add(event.step);
        if (event.kind === "StepFinished") active.delete(event.result.step);
        most = Math.max(most, active.size);
      },
    });
    expect(most).toBe(2);
    const free = new Set<string>();
    await world.define([inChunks(1)], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 13));
    most = 0;
    await succeed(world, {
      concurrency: 4,
      emit: (event) => {
        if (event.kind === "StepStarted" && event.step.startsWith("load ")) free.add(event.step);
        if (event.kind === "StepFinished") free.delete(event.result.step);
        most = Math.max(most, free.size);
      },
    });
    expect(most).toBe(4);
    expect(await ids(world)).toEqual(numbers(1, 13));
  });

  test("a check that fails on the whole publishes none of the chunks", async (world) => {
    const checked = { ...inChunks(2), checks: [check.rowCount({ max: 4 })] };
    await world.define([checked], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 4));
    await succeed(world);
    await deliver(world, "orders", "1", ...orderLines(1, 6));
    const run = await world.run();
    expect(ofKind(run, "load").map(({ status }) => status)).toEqual(["succeeded", "succeeded", "succeeded"]);
    expect(ofKind(run, "ingest")[0]).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED" } });
    expect(await ids(world)).toEqual(numbers(1, 4));
  });

  test("chunks of files that are appended, or merged by key", async (world) => {
    await world.define([loaded(inChunks(2), "append")], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 3));
    await succeed(world);
    await world.remove("data/orders-1.csv");
    await deliver(world, "orders", "2", ...orderLines(4, 8));
    const { engine, asked } = watched();
    await succeed(world, { engine });
    expect(asked).toEqual([0, 2, 4]);
    expect(await ids(world)).toEqual(numbers(1, 8));
    const status = async (): Promise<readonly string[]> => world.rows("bronze.orders", "order_id", "status");
    await world.define([loaded(inChunks(2), "merge", "status = 'gone'")], [count]);
    await deliver(world, "orders", "3", order(2, "paid"), order(3, "gone"), order(9));
    await succeed(world);
    const merged = ["1 new", "2 paid", "4 new", "5 new", "6 new", "7 new", "8 new", "9 new"];
    expect(await status()).toEqual(merged);
    await deliver(world, "orders", "4", order(1, "gone"), order(4, "paid"), order(10));
    const fourth = watched();
    await succeed(world, { engine: fourth.engine });
    expect(fourth.asked).toEqual([0, 2]);
    expect(await status()).toEqual(["10 new", "2 paid", "4 paid", "5 new", "6 new", "7 new", "8 new", "9 new"]);
    await expectIdle(world);
  });

  test("a run that is cancelled leaves chunks out, and the next one loads them", async (world) => {
    await world.define([inChunks(1, { concurrency: 1 })], [count]);
    await deliver(world, "orders", "1", ...orderLines(1, 5));
    const controller = new AbortController();
    const run = await world.run({
      control: { ...control(), signal: controller.signal },
      emit: (event) => {
        if (event.kind === "StepFinished" && event.result.step === "load bronze.orders [2/5]")
          controller.abort(new AssayError("RUN_CANCELLED", "the test cancels it"));
      },
    });
    expect(run.status).toBe("cancelled");
    expect(ofKind(run, "load").map(({ status }) => status)).toEqual(["succeeded", "succeeded", "skipped", "skipped", "skipped"]);
    const { engine, asked } = watched();
    await succeed(world, { engine });
    expect(asked).toEqual([2, 3, 4]);
    expect(await ids(world)).toEqual(numbers(1, 5));
  });
}
