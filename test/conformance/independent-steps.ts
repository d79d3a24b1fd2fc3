import { expect } from "vitest";
import { check } from "../../src/define/check.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { stepFor, succeed } from "./expectations.ts";
import { customers, daily, deliver, firstDelivery, items, orders, placed, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";

const bronze = [orders, items, customers];
const names = ["bronze.orders", "bronze.items", "bronze.customers", "silver.sales", "gold.daily", "gold.placed"] as const;
const parallel = { needs: ["parallel_writers"] } as const;

const total = (name: string, limit: number): ModelDefinition =>
  model(`gold.${name}`, {
    grain: [],
    columns: { total: t.decimal(18, 2, { nullable: true }) },
    checks: [check.between("total", { max: limit })],
    sql: sql`select sum(price)::decimal(18, 2) as total from ${items}`,
  });

export function independentSteps({ test }: Suite): void {
  test(
    "run beside each other, never before what they read, and make the same tables",
    async (world) => {
      await world.define(bronze, [sales, daily, placed]);
      await firstDelivery(world);
      const events: string[] = [];
      const active = new Set<string>();
      let most = 0;
      const run = await succeed(world, {
        concurrency: 3,
        emit: (event) => {
          if (event.kind === "StepStarted") {
            active.add(event.step);
            most = Math.max(most, active.size);
            events.push(event.step);
          }
          if (event.kind === "StepFinished") active.delete(event.result.step);
        },
      });
      expect(most).toBe(3);
      expect(events.slice(0, 3).sort()).toEqual(["ingest bronze.customers", "ingest bronze.items", "ingest bronze.orders"]);
      expect(events[3]).toBe("build silver.sales");
      expect(run.steps).toHaveLength(names.length);
      const all = async (): Promise<readonly (readonly string[])[]> => {
        const rows: (readonly string[])[] = [];
        for (const name of names) rows.push(await world.rows(name));
        return rows;
      };
      const together = await all();
      await succeed(world, { fullRefresh: true, concurrency: 1 });
      expect(await all()).toEqual(together);
      const { publications } = await world.state();
      expect([...publications.keys()].sort()).toEqual([...names].sort());
    },
    parallel,
  );

  test(
    "one at a time when asked for",
    async (world) => {
      await world.define(bronze, [sales, daily, placed]);
      await firstDelivery(world);
      const order: string[] = [];
      await succeed(world, {
        concurrency: 1,
        emit: (event) => {
          if (event.kind === "StepStarted" || event.kind === "StepFinished") order.push(event.kind);
        },
      });
      expect(order).toEqual(names.flatMap(() => ["StepStarted", "StepFinished"]));
    },
    {},
  );

  test(
    "a failed step stops what reads it and nothing else",
    async (world) => {
      const below = model("gold.below", {
        grain: [],
        columns: { total: t.decimal(18, 2, { nullable: true }) },
        sql: sql`select total from ${total("strict", 1)}`,
      });
      await world.define(bronze, [total("strict", 1), below, total("lenient", 1000), sales]);
      await firstDelivery(world);
      const run = await world.run({ concurrency: 3 });
      expect(run.status).toBe("failed");
      const statuses = Object.fromEntries(run.steps.map((step) => [step.table, step.status]));
      expect(statuses).toMatchObject({
        "gold.strict": "failed",
        "gold.below": "skipped",
        "gold.lenient": "succeeded",
        "silver.sales": "succeeded",
      });
      expect(stepFor(run, "gold.below").reason).toBe("build gold.strict did not succeed");
      await deliver(world, "items", "1", "1,1,0.50");
      await succeed(world, { concurrency: 3 });
      expect(await world.rows("gold.below")).toEqual(["0.50"]);
    },
    parallel,
  );

  test(
    "refreshes of several tables at once touch only their own rows",
    async (world) => {
      await world.define(bronze, [sales, daily, placed]);
      await firstDelivery(world);
      await succeed(world, { concurrency: 3 });
      for (let round = 1; round <= 5; round++) {
        await deliver(world, "orders", "1", `1,2026-01-0${round},10,new`, "2,2026-01-01,20,new", "3,2026-01-02,10,new", "4,,30,new");
        await deliver(world, "customers", "1", `10,City ${round}`, "20,Oslo", "30,");
        await succeed(world, { concurrency: 3 });
      }
      expect(await world.rows("gold.daily")).toEqual(["2026-01-01 1 3.00", "2026-01-02 2 5.00", "2026-01-05 2 3.50"]);
      expect(await world.rows("gold.placed", "order_id", "line", "city")).toEqual([
        "1 1 City 5",
        "1 2 City 5",
        "2 1 Oslo",
        "3 1 City 5",
        "3 2 City 5",
        "4 1 null",
      ]);
    },
    parallel,
  );
}
