import { expect } from "vitest";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { stepFor, succeed } from "./expectations.ts";
import { customers, daily, deliver, firstDelivery, items, loaded, orders, placed, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";

const bronze = [loaded(orders, "merge", "status = 'deleted'"), items, customers];

export function record({ test }: Suite): void {
  test("every publication names the versions it was made from, its rows and its run", async (world) => {
    await world.define(bronze, [sales, daily, placed]);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "orders", "2", "2,2026-01-02,20,new");
    const run = await succeed(world);
    const { publications } = await world.state();
    const versionOf = (name: string): string | undefined => publications.get(name)?.version;
    expect(publications.get("silver.sales")).toMatchObject({
      version: "2",
      run_id: run.run_id,
      inputs: { "bronze.orders": versionOf("bronze.orders"), "bronze.items": versionOf("bronze.items") },
    });
    expect(publications.get("gold.daily")?.inputs).toMatchObject({ "silver.sales": versionOf("silver.sales") });
    expect(versionOf("bronze.items")).toBe("1");
    for (const name of ["bronze.orders", "bronze.items", "silver.sales", "gold.daily", "gold.placed"] as const) {
      expect(publications.get(name)?.rows, name).toBe((await world.rows(name)).length);
    }
  });

  test("a run can be read as it was told, failed and skipped steps too", async (world) => {
    await world.define(bronze, [sales, daily, placed]);
    await firstDelivery(world);
    const first = await succeed(world);
    await deliver(world, "items", "1", "1,1,1.50", "1,1,2.00", "2,1,3.00");
    const failed = await world.run();
    expect(failed.status).toBe("failed");
    expect(stepFor(failed, "bronze.items").error).toMatchObject({ code: "CHECK_FAILED" });
    for (const run of [first, failed]) {
      const read = await world.look((session, _engine, store) => store.readRun(session, run.run_id));
      expect(read).toEqual({ ...run, steps: expect.anything() });
      const byName = (a: { readonly step: string }, b: { readonly step: string }): number => a.step.localeCompare(b.step);
      expect(read?.steps.toSorted(byName)).toEqual(run.steps.toSorted(byName));
    }
    const listed = await world.look((session, _engine, store) => store.listRuns(session, 10));
    expect(listed.map((run) => `${run.run_id} ${run.status} ${run.steps_failed}`)).toEqual(["run-002 failed 1", "run-001 succeeded 0"]);
  });

  test("the ledger: rows that are kept add up, the others are traced to each upstream", async (world) => {
    const open = model("silver.open", {
      grain: ["order_id"],
      columns: { order_id: t.integer(), customer: t.integer({ nullable: true }) },
      sql: sql`select order_id, customer from ${orders} where status = 'new'`,
    });
    const cities = model("gold.cities", {
      grain: ["customer"],
      columns: { customer: t.integer(), orders: t.bigint() },
      sql: sql`select c.customer, count(*) as orders from ${customers} as c join ${orders} as o on o.customer = c.customer group by c.customer`,
    });
    await world.define([orders, customers], [open, cities]);
    await deliver(world, "orders", "1", "1,,10,new", "2,,10,paid", "3,,99,new", "4,,,new");
    await deliver(world, "customers", "1", "10,Rome", "20,Oslo");
    const run = await succeed(world);
    expect(stepFor(run, "silver.open")).toMatchObject({
      rows_in: 4,
      rows_out: 3,
      removed: 1,
      removed_by: [{ rule: "where status = 'new'", rows: 1 }],
    });
    const used = Object.fromEntries(stepFor(run, "gold.cities").upstreams.map((item) => [item.table, `${item.used} of ${item.read}`]));
    expect(used).toEqual({ "bronze.customers": "1 of 2", "bronze.orders": "2 of 4" });
  });

  test("a refresh says how many changed rows of each upstream it read, and what it touched", async (world) => {
    await world.define(bronze, [sales, daily]);
    await firstDelivery(world);
    await succeed(world);
    await deliver(world, "orders", "2", "2,2026-01-02,20,new", "9,2026-01-02,20,new");
    const step = stepFor(await succeed(world), "silver.sales");
    expect(step).toMatchObject({ touched: { values: 1 }, changes: { inserted: 0, updated: 1, deleted: 0 }, rows_out: 6 });
    expect(step.upstreams).toEqual([{ table: "bronze.orders", read: 3, used: null }]);
  });
}
