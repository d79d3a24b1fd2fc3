import { expect } from "vitest";
import { check } from "../../src/define/check.ts";
import { incremental, type ValueChunks, view } from "../../src/define/materialization.ts";
import type { ModelDefinition } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import type { Retries } from "../../src/define/work-options.ts";
import { AssayError, type ErrorCode } from "../../src/errors.ts";
import { chunkTables } from "../../src/ports/chunk-tables.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { RunResult, StepResult, TableName } from "../../src/terms.ts";
import { expectAsInFull, expectIdle, inFull, succeed } from "./expectations.ts";
import { customers, daily, deliver, firstDelivery, items, orders, placed, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";
import { control, watchedParts } from "./watched-parts.ts";
import type { World } from "./world.ts";

const bronze = [orders, items, customers];

const inChunks = (
  model: ModelDefinition,
  chunks: ValueChunks,
  more: Partial<ModelDefinition> & { readonly retries?: Retries } = {},
): ModelDefinition => {
  if (model.materialize.kind !== "incremental") throw new Error(`${model.name} is not incremental`);
  const { retries, ...others } = more;
  return {
    ...model,
    materialize: incremental({ by: model.materialize.by, chunks }),
    work: retries === undefined ? {} : { retries },
    ...others,
  };
};

/** Orders 1 to `last`, each with two items; every third has no day. */
async function send(world: World, last: number): Promise<void> {
  const numbers = Array.from({ length: last }, (_, index) => index + 1);
  const day = (id: number): string => (id % 3 === 0 ? "" : `2026-01-0${(id % 7) + 1}`);
  await deliver(world, "orders", "1", ...numbers.map((id) => `${id},${day(id)},${(id % 4) * 10},new`));
  await deliver(world, "items", "1", ...numbers.flatMap((id) => [`${id},1,${id}.50`, `${id},2,0.25`]));
  await deliver(world, "customers", "1", "0,Bern", "10,Rome", "20,Oslo", "30,");
}

const ofKind = (run: RunResult, kind: StepResult["kind"]): readonly StepResult[] => run.steps.filter((step) => step.kind === kind);
const told = (run: RunResult, table: TableName): readonly string[] =>
  run.steps.filter((step) => step.table === table).map(({ step, status }) => `${step}: ${status}`);
const buildOf = (run: RunResult, table: TableName): StepResult => {
  const step = run.steps.find((item) => item.step === `build ${table}`);
  if (step === undefined) throw new Error(`the run does not build ${table}`);
  return step;
};
/** Chunks that have a build's step, of those that were made now. */
const made = (run: RunResult): readonly string[] => ofKind(run, "chunk").map(({ step }) => step);

/** The same rows by another definition, as often as one is needed. */
const another = (round: number): ModelDefinition["sql"] => ({ ...sales.sql, text: `${sales.sql.text} where items.line <> -${round}` });

const within = ({ sql }: ModelDefinition, select: string, end: string): ModelDefinition["sql"] => ({
  ...sql,
  text: `${select} (${sql.text} ${end}) as inner_rows`,
});

/** Counts the chunks that are made, by their number; those of `failing` fail so many times. */
function watched(failing: ReadonlyMap<number, number> = new Map(), code: ErrorCode = "BUILD_FAILED", before = async () => {}) {
  const { carry, asked } = watchedParts(failing, code, before);
  const engine = (inner: Engine): Engine => ({
    ...inner,
    addRows: (session, relation, columns, select) =>
      carry(Number(/, (\d+) from \(/.exec(select.text)?.[1]), () => inner.addRows(session, relation, columns, select)),
  });
  return { engine, asked };
}

/** Nothing is left of a build in chunks. */
async function expectGathered(world: World, table: TableName): Promise<void> {
  await world.look(async (session, _engine, store) => {
    expect(await store.readSplit(session, table)).toBe(null);
    for (const name of Object.values(chunkTables(table)))
      await expect(session.query({ text: `select 1 from ${session.sql.table(name)}` }), name).rejects.toThrow();
  });
}

const forever = Number.POSITIVE_INFINITY;

export function valueChunks({ test, faultsEvery }: Suite): void {
  test("the chunks of a model make the table of one piece, NULL values of by too, each with its own ledger", async (world) => {
    const models = [inChunks(sales, { values: 4 }), inChunks(daily, { values: 2 }), inChunks(placed, { values: 3 })];
    await world.define(bronze, [...models, ...models.map(inFull)]);
    await send(world, 10);
    const run = await succeed(world);
    expect(told(run, "silver.sales")).toEqual([
      "split silver.sales: succeeded",
      "build silver.sales: succeeded",
      ...[1, 2, 3, 4, 5].map((chunk) => `build silver.sales [${chunk}/5]: succeeded`),
    ]);
    await expectAsInFull(world, "silver.sales", "gold.daily", "gold.placed");
    expect(await world.rows("gold.placed", "day")).toContain("null");
    const chunks = ofKind(run, "chunk").filter((step) => step.table === "silver.sales");
    expect(chunks.map((step) => step.rows_out)).toEqual([4, 4, 4, 4, 4]);
    expect(buildOf(run, "silver.sales")).toMatchObject({ rows_out: 20, notes: ["made in 5 chunks"] });
    // The same facts as of a build in one piece.
    const { upstreams, removed_by, conserved, checks } = buildOf(run, "gold.placed_in_full");
    expect(buildOf(run, "gold.placed")).toMatchObject({ upstreams, removed_by, conserved, checks });
    const recorded = await world.look((session, _engine, store) => store.readRun(session, run.run_id));
    expect(recorded?.steps).toEqual(run.steps);
    for (const { name } of models) await expectGathered(world, name);
    await expectIdle(world);
    // How a model is built is no part of what it makes; whether its rows are made again makes no difference to them.
    const { publications } = await world.state();
    await world.define(
      bronze,
      [sales, daily, placed].flatMap((model) => [model, inFull(model)]),
    );
    await expectIdle(world);
    await succeed(world, { fullRefresh: true });
    await expectAsInFull(world, "silver.sales", "gold.daily", "gold.placed");
    expect(publications.get("silver.sales")?.rows).toBe(20);
  });

  test("changes are followed as ever; a new definition is built in chunks, and equal rows are no new version", async (world) => {
    await world.define(bronze, [inChunks(sales, { values: 4 }), inFull(sales)]);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "items", "2", "1,3,9.99");
    const second = await succeed(world);
    expect(told(second, "silver.sales")).toEqual(["split silver.sales: succeeded", "build silver.sales: succeeded"]);
    expect(buildOf(second, "silver.sales")).toMatchObject({ touched: { values: 1 }, changes: { inserted: 1, updated: 0, deleted: 0 } });
    await expectAsInFull(world, "silver.sales");
    const cheaper = await world.run({ alwaysRefresh: false });
    expect(cheaper.steps.filter((step) => step.status !== "skipped")).toEqual([]);
    await deliver(world, "items", "1", "1,1,2.50", "1,2,2.00", "2,1,3.10", "3,1,4.25", "3,2,0.75", "4,1,9.20");
    await succeed(world, { select: ["bronze.items"] });
    const third = await succeed(world, { alwaysRefresh: false });
    expect(buildOf(third, "silver.sales").notes).toEqual([expect.stringContaining("built in full: that is cheaper"), "made in 2 chunks"]);
    await expectAsInFull(world, "silver.sales");
    const version = (await world.state()).publications.get("silver.sales")?.version;
    const renamed = inChunks(sales, { values: 4 }, { sql: another(0) });
    await world.define(bronze, [renamed, inFull(sales)]);
    const fourth = await succeed(world);
    expect(made(fourth)).toHaveLength(2);
    expect((await world.state()).publications.get("silver.sales")?.version).toBe(version);
    await expectAsInFull(world, "silver.sales");
  });

  test("a chunk that fails is tried again alone; for good, readers see the table as it was, and the next run makes only that one", async (world) => {
    const retries = { limit: 2, delay: "1 min", jitter: 0 };
    const model = inChunks(sales, { values: 4 }, { retries });
    await world.define(bronze, [model, inFull(sales)]);
    await send(world, 6);
    const first = watched(new Map([[2, 2]]), "ENGINE_UNREACHABLE");
    await succeed(world, { engine: first.engine, control: control() });
    expect(first.asked.toSorted()).toEqual([1, 2, 2, 2, 3]);
    await expectAsInFull(world, "silver.sales");
    const before = await world.rows("silver.sales");
    await send(world, 10);
    await succeed(world, { select: ["bronze.orders", "bronze.items", "bronze.customers"] });
    const seen: (readonly string[])[] = [];
    const look = async (): Promise<void> => void seen.push(await world.rows("silver.sales"));
    const broken = watched(new Map([[3, forever]]), "BUILD_FAILED", look);
    const run = await world.run({ fullRefresh: true, select: ["silver.sales"], engine: broken.engine });
    expect(told(run, "silver.sales")).toEqual([
      "split silver.sales: succeeded",
      "build silver.sales: skipped",
      ...[1, 2, 3, 4, 5].map((chunk) => `build silver.sales [${chunk}/5]: ${chunk === 3 ? "failed" : "succeeded"}`),
    ]);
    expect(buildOf(run, "silver.sales").reason).toBe("build silver.sales [3/5] did not succeed");
    expect(seen).toEqual(Array.from({ length: 5 }, () => before));
    expect(await world.rows("silver.sales")).toEqual(before);
    const { engine, asked } = watched();
    const second = await succeed(world, { engine, alwaysRefresh: false });
    expect(asked).toEqual([3]);
    expect(ofKind(second, "split")[0]?.notes).toEqual([expect.stringContaining("4 of 5 chunks are made")]);
    await expectAsInFull(world, "silver.sales");
    await expectGathered(world, "silver.sales");
    await expectIdle(world);
  });

  test("what it reads, its definition or a wish changes in between: it begins anew", async (world) => {
    await world.define(bronze, [inChunks(sales, { values: 4 }), inFull(sales)]);
    await send(world, 6);
    const fail = async (): Promise<void> => {
      const broken = watched(new Map([[2, forever]]));
      expect((await world.run({ engine: broken.engine })).status).toBe("failed");
    };
    await fail();
    // As many values as before, of other rows.
    await deliver(world, "items", "1", ...[1, 2, 3, 4, 5, 6].flatMap((id) => [`${id},1,7.50`, `${id},2,0.75`]));
    const changed = watched();
    await succeed(world, { engine: changed.engine });
    expect(changed.asked).toEqual([1, 2, 3]);
    await expectAsInFull(world, "silver.sales");

    const halved = { ...sales, sql: within(sales, "select order_id, line, day, customer, (price / 2)::decimal(10, 2) as price from", "") };
    await world.define(bronze, [inChunks(halved, { values: 4 }), inFull(halved)]);
    await fail();
    const back = watched();
    await world.define(bronze, [inChunks(sales, { values: 5 }, { sql: another(0) }), inFull(sales)]);
    await succeed(world, { engine: back.engine });
    expect(back.asked).toEqual([1, 2, 3]);
    await expectAsInFull(world, "silver.sales");

    await world.define(bronze, [inChunks(halved, { values: 4 }), inFull(halved)]);
    await fail();
    const wished = watched();
    await succeed(world, { engine: wished.engine, fullRefresh: true });
    expect(wished.asked).toEqual([1, 2, 3]);
    await expectAsInFull(world, "silver.sales");
    await expectGathered(world, "silver.sales");
  });

  test(
    "a run that is killed, or fails, at any statement is gone on with: no chunk that was made is made again, and none is lost",
    async (world) => {
      await world.define(bronze, [inChunks(sales, { values: 4 }), inFull(sales)]);
      await send(world, 6);
      await succeed(world);
      let rounds = 0;
      for (let turn = 0; ; turn += 1) {
        const at = 1 + turn * 3 * faultsEvery;
        await world.define(bronze, [inChunks(sales, { values: 4 }, { sql: another(at) }), inFull(sales)]);
        const { happened } = await world.runWith({ kind: turn % 2 === 0 ? "error" : "crash", at }, { select: ["silver.sales"] });
        const kept = await world.look(async (session, _engine, store) => {
          const split = await store.readSplit(session, "silver.sales");
          return split === null ? null : await store.readChunks(session, "silver.sales", split.batch_id);
        });
        const { engine, asked } = watched();
        await succeed(world, { engine, select: ["silver.sales"] });
        if (kept !== null) {
          expect(asked).toEqual([1, 2, 3].filter((chunk) => !kept.has(chunk)));
          rounds += 1;
        }
        await expectAsInFull(world, "silver.sales");
        await expectGathered(world, "silver.sales");
        if (!happened) break;
      }
      expect(rounds).toBeGreaterThan(10 / faultsEvery);
    },
    { timeout: 240_000 },
  );

  test("rows that break a rule go to quarantine as from one piece, and a check on the whole publishes none of the chunks", async (world) => {
    const judged = { ...sales, checks: [check.between("price", { max: 5 }, { severity: "quarantine" })] };
    const model = inChunks(judged, { values: 4 });
    await world.define(bronze, [model, { ...inFull(judged), checks: judged.checks }]);
    await send(world, 8);
    const run = await succeed(world);
    expect(made(run)).toHaveLength(4);
    await expectAsInFull(world, "silver.sales");
    const whole = buildOf(run, "silver.sales_in_full");
    expect(whole.quarantined).toBeGreaterThan(0);
    expect(buildOf(run, "silver.sales")).toMatchObject({
      quarantined: whole.quarantined,
      rows_out: whole.rows_out,
      removed_by: whole.removed_by,
    });
    const held = await world.look((session, _engine, store) => store.listQuarantine(session));
    const rowsOf = (table: TableName) => held.filter((group) => group.table === table).map(({ rows, rule }) => ({ rows, rule }));
    expect(rowsOf("silver.sales")).toEqual(rowsOf("silver.sales_in_full"));
    const before = await world.rows("silver.sales");
    await world.define(bronze, [inChunks(sales, { values: 4 }, { checks: [check.rowCount({ max: 4 })] })]);
    const failed = await world.run();
    expect(made(failed)).toHaveLength(4);
    expect(buildOf(failed, "silver.sales")).toMatchObject({ status: "failed", error: { code: "CHECK_FAILED" } });
    expect(await world.rows("silver.sales")).toEqual(before);
  });

  test("rows of a chunk that are not there are not published without", async (world) => {
    await world.define(bronze, [inChunks(sales, { values: 4 })]);
    await send(world, 6);
    const broken = watched(new Map([[3, forever]]));
    await world.run({ engine: broken.engine });
    await world.look((session) =>
      session.execute({ text: `delete from ${session.sql.table(chunkTables("silver.sales").rows)} where _chunk = 1 and order_id = 1` }),
    );
    const run = await world.run();
    expect(buildOf(run, "silver.sales")).toMatchObject({ status: "failed", error: { code: "LEDGER_UNBALANCED" } });
    await succeed(world, { fullRefresh: true });
    expect(await world.rows("silver.sales")).toHaveLength(12);
  });

  test("a run that is cancelled leaves chunks out, and the next one makes them; no more at a time than the model allows", async (world) => {
    await world.define(bronze, [inChunks(sales, { values: 2, concurrency: 2 }), inFull(sales)]);
    await send(world, 6);
    const controller = new AbortController();
    const run = await world.run({
      control: { ...control(), signal: controller.signal },
      emit: (event) => {
        if (event.kind === "StepFinished" && event.result.step === "build silver.sales [2/6]")
          controller.abort(new AssayError("RUN_CANCELLED", "the test cancels it"));
      },
    });
    expect(run.status).toBe("cancelled");
    const active = new Set<string>();
    let most = 0;
    const { engine, asked } = watched();
    await succeed(world, {
      engine,
      concurrency: 5,
      emit: (event) => {
        if (event.kind === "StepStarted" && event.step.includes("[")) active.add(event.step);
        if (event.kind === "StepFinished") active.delete(event.result.step);
        most = Math.max(most, active.size);
      },
    });
    expect(asked.toSorted()).toEqual([3, 4, 5, 6]);
    expect(most).toBe(2);
    await expectAsInFull(world, "silver.sales");
  });

  test("nothing to split: no rows, no more values than a chunk, or a model whose reads cannot be restricted", async (world) => {
    const limited = inChunks(daily, { values: 1 }, { sql: within(daily, "select day, lines, total from", "order by day limit 100") });
    await world.define(bronze, [inChunks(sales, { values: 100 }), limited, inFull(sales), inFull(daily)]);
    await deliver(world, "orders", "1");
    await deliver(world, "items", "1");
    await deliver(world, "customers", "1");
    await succeed(world);
    expect(await world.rows("silver.sales")).toEqual([]);
    await send(world, 6);
    const plan = await world.plan();
    expect(plan.steps.filter((step) => step.table === "gold.daily").map(({ step, build }) => [step, build?.chunks])).toEqual([
      [
        "build gold.daily",
        "in one piece, as what it reads cannot be restricted to values of day: LIMIT picks its rows: which ones depends on all others",
      ],
    ]);
    const run = await succeed(world, { fullRefresh: true });
    expect(told(run, "silver.sales")).toEqual(["split silver.sales: succeeded", "build silver.sales: succeeded"]);
    expect(ofKind(run, "split")[0]?.notes).toEqual(["nothing to split: 12 values of order_id, line"]);
    await expectAsInFull(world, "silver.sales", "gold.daily");
    await expectGathered(world, "silver.sales");
    await expectIdle(world);
  });

  test(
    "a view whose own step did not run: in one piece, from the rows it shows; in chunks again when it has run",
    async (world) => {
      const text = sales.sql;
      const near: ModelDefinition = { ...sales, name: "silver.near", materialize: view() };
      const wider = { ...near, sql: { ...text, text: `${text.text} where items.line > 1` } };
      const over = { ...sales, name: "silver.over", sql: sql`select order_id, line, day, customer, price from ${near}` } as const;
      const chunked = inChunks(over, { values: 4 });
      await world.define(bronze, [near, chunked, inFull(over)]);
      await send(world, 6);
      expect(made(await succeed(world))).toHaveLength(3);
      await expectAsInFull(world, "silver.over");
      await send(world, 10);
      const both = ["silver.over", "silver.over_in_full"] as const;
      const behind = await succeed(world, { fullRefresh: true, select: ["bronze.orders", "bronze.items", "bronze.customers", ...both] });
      expect(ofKind(behind, "split")[0]?.notes).toEqual(["in one piece: the view silver.near shows older rows until its own step has run"]);
      expect(await world.rows("silver.over")).toHaveLength(12);
      await expectAsInFull(world, "silver.over");
      await world.define(bronze, [wider, chunked, inFull(over)]);
      const before = await succeed(world, { fullRefresh: true, select: both });
      expect(made(before)).toEqual([]);
      await expectAsInFull(world, "silver.over");
      expect(made(await succeed(world, { fullRefresh: true }))).toHaveLength(3);
      expect(await world.rows("silver.over")).toHaveLength(10);
      await expectAsInFull(world, "silver.over");
    },
    { needs: ["views"] },
  );
}
