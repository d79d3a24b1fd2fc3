import { expect } from "vitest";
import { append, snapshot, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { expectAsInFull, expectIdle, inFull, succeed } from "./expectations.ts";
import type { Fault } from "./faults.ts";
import { customers, daily, deliver, firstDelivery, items, loaded, orders, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const merged = loaded(orders, "merge", "status = 'deleted'");

const priced: ModelDefinition = model("silver.priced", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), cents: t.bigint() },
  materialize: view(),
  sql: sql`select order_id, line, (price * 100)::bigint as cents from ${items}`,
});
const log = model("silver.log", {
  grain: ["order_id", "day"],
  columns: { order_id: t.integer(), day: t.date() },
  materialize: append(),
  sql: sql`select order_id, day from ${merged} where day is not null`,
});
const history = model("silver.history", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), day: t.date(), at: t.timestamp() },
  materialize: snapshot({ at: "at" }),
  sql: sql`select order_id, day, day::timestamp as at from ${merged} where day is not null`,
});

/** Another delivery with each number: orders move to another day, come and go; prices change. */
async function change(world: World, number: number): Promise<void> {
  const day = (shift: number): string => new Date(Date.UTC(2026, 0, 5) + (number + shift) * 86_400_000).toISOString().slice(0, 10);
  const last = number % 2 === 0 ? `3,${day(0)},10,new` : "3,,,deleted";
  await deliver(world, "orders", "2", `1,${day(0)},10,new`, `2,${day(1)},20,new`, last);
  const prices = [`1,1,${number}.50`, "1,2,2.00", `2,1,${number}.00`, "3,1,4.25", "4,1,9.00", `5,${number},1.00`];
  await deliver(world, "items", "1", ...prices);
}

/** Every table is as its record says: as many rows, and a whole build's. */
async function expectAsRecorded(world: World, tables: readonly (ModelDefinition | typeof orders)[]): Promise<void> {
  const { publications } = await world.state();
  for (const { name } of tables) expect(publications.get(name)?.rows, `rows of ${name}`).toBe((await world.rows(name)).length);
}

/** Batches in the lake, and those of them that tables read. */
async function batches(world: World): Promise<{ readonly lake: readonly string[]; readonly read: readonly string[] }> {
  return { lake: await world.batches(), read: (await world.state()).files.map((file) => file.batch_id) };
}

/** One delivery after the other, the run of each broken at the next statement, until a run has no statement left to break. */
async function breakEverywhere(
  world: World,
  fault: (round: number) => Fault,
  models: readonly ModelDefinition[],
  work: () => Promise<void>,
): Promise<number> {
  const select = [merged, items, ...models].map((table) => table.name);
  await firstDelivery(world);
  await succeed(world);
  let broken = 0;
  for (let round = 1; ; round++) {
    await change(world, round);
    const before = await batches(world);
    const { happened } = await world.runWith(fault(round), { select });
    await expectAsRecorded(world, [merged, items, ...models]);
    if (!happened) break;
    broken++;
    const published = await batches(world);
    await succeed(world);
    const { lake, read } = await batches(world);
    const known = [...before.lake, ...published.read, ...read];
    expect(
      lake.filter((batch) => !known.includes(batch)),
      "batches that nobody ever read",
    ).toEqual([]);
    await work();
  }
  await succeed(world);
  await expectIdle(world);
  return broken;
}

export function resume({ test, faultsEvery }: Suite): void {
  const long = { timeout: 240_000 };

  test(
    "an error at every statement of a refresh: the next run makes what a full build makes",
    async (world) => {
      await world.define([merged, items, customers], [sales, inFull(sales), daily, inFull(daily)]);
      const fault = (round: number): Fault => ({ kind: "error", at: round * faultsEvery });
      const broken = await breakEverywhere(world, fault, [sales, daily], () => expectAsInFull(world, "silver.sales", "gold.daily"));
      expect(broken).toBeGreaterThan(50 / faultsEvery);
    },
    long,
  );

  test(
    "a crash at every third statement, with tables that keep what they have seen",
    async (world) => {
      const models = [sales, priced, log, history];
      await world.define([merged, items], [...models, inFull(sales)]);
      const keys = new Set<string>();
      const fault = (round: number): Fault => ({ kind: "crash", at: round * 3 * faultsEvery });
      const broken = await breakEverywhere(world, fault, models, async () => {
        await expectAsInFull(world, "silver.sales");
        expect(await world.rows("silver.priced", "order_id", "line")).toEqual(await world.rows("bronze.items", "order_id", "line"));
        for (const row of await world.rows("bronze.orders", "order_id", "day")) if (!row.endsWith("null")) keys.add(row);
        // Whatever was seen stays, each once.
        const logged = await world.rows("silver.log");
        expect([...keys].filter((key) => !logged.includes(key))).toEqual([]);
        expect(new Set(logged).size).toBe(logged.length);
        const seen = await world.rows("silver.history", "order_id", "day");
        expect([...keys].filter((key) => !seen.includes(key))).toEqual([]);
        const current = await world.look((session) =>
          session.query({ text: "select order_id, count(*) as open from silver.history where is_current group by order_id" }),
        );
        expect(current.map((row) => Number(row.open))).toEqual(current.map(() => 1));
      });
      expect(broken).toBeGreaterThan(30 / faultsEvery);
    },
    { ...long, needs: ["views"] },
  );
}
