import { expect } from "vitest";
import { incremental, view } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { counted, expectAsInFull, expectIdle, expectRefreshed, inFull, stepFor, succeed } from "./expectations.ts";
import { customers, daily, deliver, firstDelivery, items, loaded, orders, placed, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";

const bronze = [loaded(orders, "merge", "status = 'deleted'"), items, customers];
const models = [sales, daily, placed].flatMap((item) => [item, inFull(item)]);
const names = ["silver.sales", "gold.daily", "gold.placed"] as const;

export function incrementalModels({ test }: Suite): void {
  test("late, corrected, re-sent and deleted rows, by row key and by partition", async (world) => {
    await world.define(bronze, models);
    await firstDelivery(world);
    await succeed(world);
    await expectAsInFull(world, ...names);
    // Late: an order of a day long gone. Corrected: another day. Deleted: a tombstone. Re-sent: nothing.
    await deliver(world, "orders", "2", "5,2025-12-01,10,new", "3,2026-01-01,10,new", "2,,,deleted", "1,2026-01-01,10,new");
    await deliver(world, "items", "2", "5,1,8.00");
    const second = await succeed(world);
    expectRefreshed(second, "silver.sales", 4);
    expect(counted(second, "silver.sales")).toBe("1 2 1");
    expectRefreshed(second, "gold.daily", 3);
    await expectAsInFull(world, ...names);
    expect(await world.rows("gold.daily")).toEqual(["2025-12-01 1 8.00", "2026-01-01 4 8.50"]);
    // A corrected price and an item that is no more, in a file that is sent again.
    await deliver(world, "items", "1", "1,1,1.55", "1,2,2.00", "2,1,3.00", "3,2,0.75", "4,1,9.00");
    const third = await succeed(world);
    expect(counted(third, "silver.sales")).toBe("0 1 1");
    expectRefreshed(third, "gold.daily", 1);
    await expectAsInFull(world, ...names);
    // The order that was deleted comes back, with the items it had.
    await deliver(world, "orders", "3", "2,2026-01-03,20,new");
    await succeed(world);
    await expectAsInFull(world, ...names);
    await expectIdle(world);
  });

  test("values of by that are absent are values like others", async (world) => {
    await world.define(bronze, models);
    await firstDelivery(world);
    await succeed(world);
    // Of no day and no city; then it gets both, then loses them.
    await deliver(world, "items", "2", "4,2,10.00");
    const second = await succeed(world);
    expectRefreshed(second, "gold.placed", 1);
    expect(counted(second, "gold.placed")).toBe("1 1 0");
    await expectAsInFull(world, ...names);
    await deliver(world, "customers", "1", "10,Rome", "20,Oslo", "30,Bern");
    await succeed(world);
    await expectAsInFull(world, ...names);
    await deliver(world, "orders", "2", "4,2026-01-02,30,new", "1,2026-01-01,,new");
    await succeed(world);
    await expectAsInFull(world, ...names);
    await deliver(world, "orders", "3", "4,,30,new");
    await succeed(world);
    await expectAsInFull(world, ...names);
  });

  test("a match of the optional side that comes and goes", async (world) => {
    await world.define(bronze, models);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "customers", "1", "10,Rome");
    const gone = await succeed(world);
    expect(stepFor(gone, "gold.placed").notes).toEqual([]);
    expect(await world.rows("gold.placed", "order_id", "city")).toEqual(["1 Rome", "1 Rome", "2 null", "3 Rome", "3 Rome", "4 null"]);
    await expectAsInFull(world, ...names);
    await deliver(world, "customers", "2", "20,Rome");
    await succeed(world);
    await expectAsInFull(world, ...names);
  });

  test("rows of both sides deleted at once are found by what they were", async (world) => {
    const shipped = model("silver.shipped", {
      grain: ["order_id", "line"],
      columns: { order_id: t.integer(), line: t.integer(), city: t.varchar({ nullable: true }), price: t.decimal(10, 2) },
      materialize: incremental({ by: ["order_id", "city"] }),
      sql: sql`
        select items.order_id, items.line, customers.city, items.price from ${items} as items
        join ${orders} as orders on orders.order_id = items.order_id
        join ${customers} as customers on customers.customer = orders.customer`,
    });
    await world.define(bronze, [shipped, inFull(shipped)]);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "orders", "2", "2,,,deleted");
    await deliver(world, "customers", "1", "10,Rome", "30,");
    await deliver(world, "items", "1", "1,1,1.50", "1,2,2.00", "3,1,4.25", "3,2,0.75", "4,1,9.00");
    const run = await succeed(world);
    expectRefreshed(run, "silver.shipped", 1);
    expect(counted(run, "silver.shipped")).toBe("0 0 1");
    await expectAsInFull(world, "silver.shipped");
  });

  test("several commits of an upstream are followed at once; what was taken back touches nothing", async (world) => {
    await world.define(bronze, models);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "orders", "2", "1,2026-01-09,10,new", "2,2026-01-01,30,new");
    await succeed(world, { select: ["bronze.orders"] });
    await deliver(world, "orders", "3", "1,2026-01-01,10,new", "3,2026-01-01,10,new");
    await succeed(world, { select: ["bronze.orders"] });
    const run = await succeed(world);
    expectRefreshed(run, "silver.sales", 3);
    await expectAsInFull(world, ...names);
  });

  test("a change that makes the same rows goes no further; the next one does", async (world) => {
    await world.define(bronze, models);
    await firstDelivery(world);
    await succeed(world);
    // The status is no column of the model.
    await deliver(world, "orders", "2", "1,2026-01-01,10,paid");
    const same = await succeed(world);
    expectRefreshed(same, "silver.sales", 2);
    expect(counted(same, "silver.sales")).toBe("0 0 0");
    expect(stepFor(same, "gold.daily").status).toBe("skipped");
    expect((await world.state()).publications.get("silver.sales")).toMatchObject({
      version: "1",
      inputs: { "bronze.orders": "2", "bronze.items": "1" },
    });
    await expectIdle(world);
    await deliver(world, "orders", "3", "1,2026-01-07,10,paid");
    const other = await succeed(world);
    expectRefreshed(other, "gold.daily", 2);
    await expectAsInFull(world, ...names);
  });

  test("rows that a filter leaves out and lets in again", async (world) => {
    const paid = model("silver.paid", {
      grain: ["order_id"],
      columns: { order_id: t.integer(), day: t.date({ nullable: true }), best: t.boolean() },
      materialize: incremental({ by: ["day"] }),
      sql: sql`
        select order_id, day, row_number() over (partition by day order by customer desc, order_id) = 1 as best
        from ${orders} where status <> 'new'`,
    });
    await world.define(bronze, [paid, inFull(paid)]);
    await deliver(world, "customers", "1", "10,Rome");
    await deliver(world, "items", "1", "1,1,1.00");
    await deliver(world, "orders", "1", "1,2026-01-01,10,paid", "2,2026-01-01,20,new", "3,,30,paid");
    await succeed(world);
    await deliver(world, "orders", "2", "2,2026-01-01,20,paid", "3,,30,new");
    await succeed(world);
    expect(await world.rows("silver.paid")).toEqual(["1 2026-01-01 false", "2 2026-01-01 true"]);
    await deliver(world, "orders", "3", "2,2026-01-02,20,paid", "1,2026-01-01,10,new", "3,,30,paid");
    await succeed(world);
    await expectAsInFull(world, "silver.paid");
  });

  test(
    "changes below a view are followed through it",
    async (world) => {
      const open = model("silver.open", {
        grain: ["order_id"],
        columns: { order_id: t.integer(), day: t.date({ nullable: true }) },
        materialize: view(),
        sql: sql`select order_id, day from ${orders} where status = 'new'`,
      });
      const lines = model("gold.open_lines", {
        grain: ["order_id", "line"],
        columns: { order_id: t.integer(), line: t.integer(), day: t.date({ nullable: true }) },
        materialize: incremental({ by: ["order_id"] }),
        sql: sql`select i.order_id, i.line, o.day from ${items} as i join ${open} as o on o.order_id = i.order_id`,
      });
      await world.define(bronze, [open, lines, inFull(lines)]);
      await firstDelivery(world);
      await succeed(world);
      await deliver(world, "orders", "2", "1,2026-01-01,10,paid", "2,2026-03-01,20,new");
      const run = await succeed(world);
      expectRefreshed(run, "gold.open_lines", 2);
      await expectAsInFull(world, "gold.open_lines");
      await expectIdle(world);
    },
    { needs: ["views"] },
  );
}
