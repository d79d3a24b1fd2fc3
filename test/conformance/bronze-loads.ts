import { expect } from "vitest";
import { type BronzeDefinition, seed } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { counted, expectIdle, stepFor, succeed } from "./expectations.ts";
import { customers, deliver, items, loaded, orders } from "./shop.ts";
import type { Suite } from "./suite.ts";

const totals = model("gold.totals", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), total: t.decimal(18, 2) },
  sql: sql`select order_id, sum(price)::decimal(18, 2) as total from ${items} group by order_id`,
});

export function bronzeLoads({ test }: Suite): void {
  test("replace: the table is what its files hold now", async (world) => {
    await world.define([items], [totals]);
    await deliver(world, "items", "1", "1,1,1.00", "1,2,2.00");
    await deliver(world, "items", "2", "2,1,3.00");
    await succeed(world);
    expect(await world.rows("bronze.items")).toEqual(["1 1 1.00", "1 2 2.00", "2 1 3.00"]);
    await deliver(world, "items", "1", "1,1,1.50");
    await world.remove("data/items-2.csv");
    await deliver(world, "items", "3", "3,1,7.00");
    await succeed(world);
    expect(await world.rows("bronze.items")).toEqual(["1 1 1.50", "3 1 7.00"]);
    expect(await world.rows("gold.totals")).toEqual(["1 1.50", "3 7.00"]);
    await expectIdle(world);
  });

  test("append: rows of files that are gone stay", async (world) => {
    await world.define([loaded(items, "append")], [totals]);
    await deliver(world, "items", "1", "1,1,1.00");
    await succeed(world);
    await world.remove("data/items-1.csv");
    await deliver(world, "items", "2", "2,1,3.00");
    await succeed(world);
    expect(await world.rows("bronze.items")).toEqual(["1 1 1.00", "2 1 3.00"]);
    await expectIdle(world);
  });

  test("merge: the row of a key that came last holds, whatever its file is called; a tombstone removes it", async (world) => {
    await world.define([loaded(orders, "merge", "status = 'deleted'")], []);
    await deliver(world, "orders", "9", "1,2026-01-01,10,new", "2,2026-01-01,20,new", "3,2026-01-01,30,new");
    await succeed(world);
    await deliver(world, "orders", "1", "2,2026-01-05,20,paid", "3,,,deleted", "4,,,deleted");
    const second = await succeed(world);
    expect(counted(second, "bronze.orders")).toBe("0 1 1");
    expect(await world.rows("bronze.orders")).toEqual(["1 2026-01-01 10 new", "2 2026-01-05 20 paid"]);
    // Nothing but the new file is read, so what a file said that is gone holds on; and a key can come back.
    await world.remove("data/orders-9.csv");
    await deliver(world, "orders", "5", "3,2026-02-01,31,new");
    await succeed(world);
    const rows = ["1 2026-01-01 10 new", "2 2026-01-05 20 paid", "3 2026-02-01 31 new"];
    expect(await world.rows("bronze.orders")).toEqual(rows);
    await expectIdle(world);
    await succeed(world, { fullRefresh: true });
    expect(await world.rows("bronze.orders")).toEqual(rows);
  });

  test("merge: several new files at once hold in the order of their names; a corrected file comes last", async (world) => {
    await world.define([loaded(orders, "merge", "status = 'deleted'")], []);
    await deliver(world, "orders", "1", "1,2026-01-01,10,one");
    await deliver(world, "orders", "2", "1,2026-01-01,10,two");
    await deliver(world, "orders", "3", "1,2026-01-01,10,three");
    await succeed(world);
    expect(await world.rows("bronze.orders", "status")).toEqual(["three"]);
    await deliver(world, "orders", "2", "1,2026-01-01,10,corrected");
    await succeed(world);
    expect(await world.rows("bronze.orders", "status")).toEqual(["corrected"]);
    await succeed(world, { fullRefresh: true });
    expect(await world.rows("bronze.orders", "status")).toEqual(["corrected"]);
  });

  test("merge: rows sent again unchanged are no change; one file has one row a key", async (world) => {
    await world.define([loaded(orders, "merge")], []);
    await deliver(world, "orders", "1", "1,2026-01-01,10,new", "2,,20,new");
    await succeed(world);
    await deliver(world, "orders", "2", "2,,20,new", "1,2026-01-01,10,new", "1,2026-01-01,10,new");
    const again = await succeed(world);
    expect(stepFor(again, "bronze.orders")).toMatchObject({ rows_in: 3, rows_out: 2, removed: 1 });
    expect((await world.state()).publications.get("bronze.orders")?.version).toBe("1");
    await deliver(world, "orders", "3", "1,2026-01-01,10,paid", "1,2026-01-01,10,back");
    const refused = await world.run();
    expect(stepFor(refused, "bronze.orders").error).toMatchObject({ code: "CHECK_FAILED" });
    expect(await world.rows("bronze.orders", "status")).toEqual(["new", "new"]);
  });

  test("merge: of several files at once, too, each has one row a key", async (world) => {
    await world.define([loaded(orders, "merge")], []);
    await deliver(world, "orders", "1", "1,2026-01-01,10,new");
    await deliver(world, "orders", "2", "2,2026-01-01,20,new", "2,2026-01-01,20,paid");
    const { error } = stepFor(await world.run(), "bronze.orders");
    expect(error).toMatchObject({ code: "CHECK_FAILED" });
    expect(error?.message).toMatch(/orders-2\.csv gives 2 different rows for the key order_id = 2$/);
    await deliver(world, "orders", "2", "2,2026-01-01,20,paid", "1,2026-01-01,10,paid");
    await succeed(world);
    expect(await world.rows("bronze.orders", "order_id", "status")).toEqual(["1 paid", "2 paid"]);
  });

  test("refused rows are recorded with their place, and the ledger balances with them", async (world) => {
    await world.define([loaded(orders, "append")], []);
    await deliver(world, "orders", "1", "1,2026-01-01,10,new", "two,2026-01-01,20,new", "3,2026-13-01,20,new", ",2026-01-01,20,new");
    const run = await succeed(world);
    expect(stepFor(run, "bronze.orders")).toMatchObject({ rows_in: 4, rows_out: 1, quarantined: 3 });
    expect(await world.rows("bronze.orders", "order_id")).toEqual(["1"]);
    const { rows, total } = await world.look((session, _engine, store) => store.readQuarantine(session, {}, 10));
    expect(total).toBe(3);
    expect(rows.map((row) => `${row.row_number} ${row.column} ${row.reason}`).sort()).toEqual([
      "3 order_id type",
      "4 day type",
      "5 order_id not_null",
    ]);
  });

  test("a required value that is absent is refused, also where all else fits", async (world) => {
    await world.define([loaded(orders, "append")], []);
    await deliver(world, "orders", "1", "1,2026-01-01,10,new", ",2026-01-01,20,new", "3,,30,new");
    const run = await succeed(world);
    expect(stepFor(run, "bronze.orders")).toMatchObject({ rows_in: 3, rows_out: 2, quarantined: 1 });
    expect(await world.rows("bronze.orders", "order_id", "day")).toEqual(["1 2026-01-01", "3 null"]);
  });

  test("rows without a partner are refused at the door, and warned about when it goes away", async (world) => {
    const known: BronzeDefinition = {
      ...orders,
      checks: [check.relationships("customer", customers, "customer", { severity: "quarantine" })],
    };
    await world.define([customers, known], []);
    await deliver(world, "customers", "1", "10,Rome", "20,Oslo");
    await deliver(world, "orders", "1", "1,2026-01-01,10,new", "2,2026-01-01,99,new", "3,2026-01-01,,new");
    const run = await succeed(world);
    expect(stepFor(run, "bronze.orders")).toMatchObject({ rows_in: 3, rows_out: 2, quarantined: 1 });
    expect(await world.rows("bronze.orders", "order_id")).toEqual(["1", "3"]);
    await deliver(world, "customers", "1", "20,Oslo");
    await deliver(world, "orders", "2", "4,2026-01-01,10,new", "5,2026-01-01,20,new");
    const second = await succeed(world);
    expect(await world.rows("bronze.orders", "order_id")).toEqual(["1", "3", "5"]);
    expect(stepFor(second, "bronze.orders").checks).toContainEqual(
      expect.objectContaining({ check: "relationships", status: "warned", failures: 1 }),
    );
  });

  test("a table that was appended to is merged from now on, with the files it had; and replaced again", async (world) => {
    await world.define([loaded(items, "append")], []);
    await deliver(world, "items", "1", "1,1,1.00", "1,2,2.00");
    await succeed(world);
    await world.define([loaded(items, "merge")], []);
    await deliver(world, "items", "2", "1,2,2.50", "2,1,3.00");
    await succeed(world);
    expect(await world.rows("bronze.items")).toEqual(["1 1 1.00", "1 2 2.50", "2 1 3.00"]);
    await world.define([items], []);
    await world.remove("data/items-1.csv");
    await succeed(world);
    expect(await world.rows("bronze.items")).toEqual(["1 2 2.50", "2 1 3.00"]);
  });

  test("seed: a table of the project's own file", async (world) => {
    const titles = seed("titles", { columns: { status: t.varchar(), title: t.varchar() }, key: ["status"] });
    await world.define([titles], []);
    await world.send("seeds/titles.csv", "status,title", ["new,New", "paid,Paid"]);
    await succeed(world);
    expect(await world.rows("bronze.titles")).toEqual(["new New", "paid Paid"]);
    await world.send("seeds/titles.csv", "status,title", ["new,Open"]);
    await succeed(world);
    expect(await world.rows("bronze.titles")).toEqual(["new Open"]);
    await expectIdle(world);
  });
}
