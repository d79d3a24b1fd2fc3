import { expect } from "vitest";
import { check } from "../../src/define/check.ts";
import { incremental, type Materialization, table } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { expectIdle, stepFor, succeed } from "./expectations.ts";
import { deliver, items, orders } from "./shop.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const priced = (materialize: Materialization) =>
  model("silver.priced", {
    grain: ["order_id", "line"],
    columns: { order_id: t.integer(), line: t.integer(), day: t.date({ nullable: true }), price: t.decimal(10, 2) },
    materialize,
    checks: [check.between("price", { max: 100 }, { severity: "quarantine" })],
    sql: sql`
      select items.order_id, items.line, orders.day, items.price
      from ${items} as items left join ${orders} as orders on orders.order_id = items.order_id`,
  });

const leftOut = (world: World): Promise<readonly string[]> =>
  world.look(async (session, _engine, store) => {
    const { rows } = await store.readQuarantine(session, { states: ["open"] }, null);
    const groups = await store.listQuarantine(session);
    expect(groups.reduce((sum, group) => sum + group.rows, 0)).toBe(rows.length);
    return rows.map(({ rule, key }) => `${rule} ${Object.values(JSON.parse(key ?? "{}") as object).join(" ")}`).sort();
  });

export function divertedRows({ test }: Suite): void {
  const kinds = { table: table(), "incremental by row": incremental({ by: ["order_id", "line"] }) };
  for (const [kind, materialize] of Object.entries(kinds)) {
    test(`${kind}: rows that break a rule are left out and kept, until they are right`, async (world) => {
      await world.define([items, orders], [priced(materialize)]);
      await deliver(world, "orders", "1", "1,2026-01-01,10,new", "2,2026-01-02,10,new");
      await deliver(world, "items", "1", "1,1,1.00", "1,2,500.00", "2,1,600.00");
      const first = await succeed(world);
      expect(stepFor(first, "silver.priced")).toMatchObject({ rows_in: 3, rows_out: 1, quarantined: 2 });
      expect(await world.rows("silver.priced", "order_id", "line", "price")).toEqual(["1 1 1.00"]);
      expect(await leftOut(world)).toEqual(["between:price 1 2", "between:price 2 1"]);
      await expectIdle(world);
      // One is right now, one is gone, one is wrong from now on, one comes.
      await deliver(world, "items", "1", "1,1,700.00", "1,2,5.00", "3,1,800.00");
      await succeed(world);
      expect(await world.rows("silver.priced", "order_id", "line", "price")).toEqual(["1 2 5.00"]);
      expect(await leftOut(world)).toEqual(["between:price 1 1", "between:price 3 1"]);
      await deliver(world, "items", "1", "1,1,7.00");
      await succeed(world);
      expect(await leftOut(world)).toEqual([]);
      await expectIdle(world);
    });
  }
}
