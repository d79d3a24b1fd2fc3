import { expect } from "vitest";
import { check } from "../../src/define/check.ts";
import { view } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import type { TableName } from "../../src/terms.ts";
import { expectIdle, stepFor, succeed } from "./expectations.ts";
import { deliver, items, orders } from "./shop.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const totals = model("silver.totals", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), total: t.decimal(18, 2) },
  sql: sql`select order_id, sum(price)::decimal(18, 2) as total from ${items} group by order_id`,
});
const largest = model("gold.largest", {
  grain: [],
  columns: { total: t.decimal(18, 2, { nullable: true }) },
  sql: sql`select max(total) as total from ${totals}`,
});

const cheap = model("silver.cheap", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), cents: t.bigint() },
  materialize: view(),
  checks: [check.between("cents", { max: 500 })],
  sql: sql`select order_id, line, (price * 100)::bigint as cents from ${items}`,
});
/** A view over the view: what it shows comes from below the one that is checked. */
const shown = model("gold.shown", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), cents: t.bigint() },
  materialize: view(),
  sql: sql`select order_id, line, cents from ${cheap}`,
});

const kindOf = (world: World, table: TableName) => world.look((session, engine) => engine.kindOf(session, table));

export function tablesAndViews({ test }: Suite): void {
  test("a table is built again when its input changes, and only then", async (world) => {
    await world.define([items, orders], [totals, largest]);
    await deliver(world, "items", "1", "1,1,1.00", "1,2,2.00", "2,1,5.00");
    await deliver(world, "orders", "1", "1,2026-01-01,10,new");
    await succeed(world);
    expect(await world.rows("silver.totals")).toEqual(["1 3.00", "2 5.00"]);
    expect(await kindOf(world, "silver.totals")).toBe("table");
    await deliver(world, "orders", "1", "1,2026-01-01,10,paid");
    const other = await succeed(world);
    expect(stepFor(other, "silver.totals").status).toBe("skipped");
    await deliver(world, "items", "1", "1,1,1.00", "1,2,9.00");
    await succeed(world);
    expect(await world.rows("silver.totals")).toEqual(["1 10.00"]);
    expect(await world.rows("gold.largest")).toEqual(["10.00"]);
    await expectIdle(world);
  });

  test("the same rows again are no new version, and nothing below runs", async (world) => {
    await world.define([items], [totals, largest]);
    await deliver(world, "items", "1", "1,1,1.00", "1,2,2.00");
    await succeed(world);
    // Other rows of the source, the same totals.
    await deliver(world, "items", "1", "1,1,2.50", "1,2,0.50");
    const run = await succeed(world);
    expect(stepFor(run, "silver.totals").status).toBe("succeeded");
    expect(stepFor(run, "gold.largest").status).toBe("skipped");
    const { publications, commits } = await world.state();
    expect(publications.get("silver.totals")).toMatchObject({ version: "1", inputs: { "bronze.items": "2" } });
    expect(commits.get("silver.totals")).toHaveLength(1);
    await expectIdle(world);
  });

  test("as many rows, one value of them another: a new version", async (world) => {
    await world.define([items], [totals, largest]);
    await deliver(world, "items", "1", "1,1,1.00", "2,1,2.00");
    await succeed(world);
    await deliver(world, "items", "1", "1,1,1.00", "2,1,2.01");
    await succeed(world);
    expect((await world.state()).publications.get("silver.totals")?.version).toBe("2");
    expect(await world.rows("gold.largest")).toEqual(["2.01"]);
  });

  test("a definition that changed builds the table in full, with other columns too", async (world) => {
    await world.define([items], [totals, largest]);
    await deliver(world, "items", "1", "1,1,1.00", "2,1,2.00");
    await succeed(world);
    const lines = model("silver.totals", {
      grain: ["order_id"],
      columns: { order_id: t.integer(), total: t.decimal(18, 2), lines: t.bigint() },
      sql: sql`select order_id, sum(price)::decimal(18, 2) as total, count(*) as lines from ${items} group by order_id`,
    });
    await world.define([items], [lines, largest]);
    await succeed(world);
    expect(await world.rows("silver.totals")).toEqual(["1 1.00 1", "2 2.00 1"]);
    await expectIdle(world);
  });

  test(
    "a view shows new rows of its upstream only when its own checks have passed on them",
    async (world) => {
      await world.define([items], [cheap, shown]);
      await deliver(world, "items", "1", "1,1,1.00");
      await succeed(world);
      expect([await kindOf(world, "silver.cheap"), await kindOf(world, "gold.shown")]).toEqual(["view", "view"]);
      await deliver(world, "items", "1", "1,1,2.00", "2,1,9.00");
      const bad = await world.run();
      expect(stepFor(bad, "bronze.items").status).toBe("succeeded");
      expect(stepFor(bad, "silver.cheap").error).toMatchObject({ code: "CHECK_FAILED" });
      expect(await world.rows("bronze.items", "price")).toEqual(["2.00", "9.00"]);
      expect([await world.rows("silver.cheap"), await world.rows("gold.shown")]).toEqual([["1 1 100"], ["1 1 100"]]);
      // Also when nothing but the upstream runs.
      await deliver(world, "items", "1", "1,1,3.00", "2,1,9.00");
      await succeed(world, { select: ["bronze.items"] });
      expect(await world.rows("gold.shown")).toEqual(["1 1 100"]);
      await deliver(world, "items", "1", "1,1,3.00", "2,1,4.00");
      await succeed(world);
      expect(await world.rows("gold.shown")).toEqual(["1 1 300", "2 1 400"]);
      expect([await kindOf(world, "silver.cheap"), await kindOf(world, "gold.shown")]).toEqual(["view", "view"]);
    },
    { needs: ["views"] },
  );

  test(
    "a view that is defined otherwise by now, and not built yet, shows no new rows of what it read",
    async (world) => {
      const other = model("silver.cheap", {
        grain: ["order_id", "line"],
        columns: { order_id: t.integer(), line: t.integer(), cents: t.bigint() },
        sql: sql`select order_id, 1 as line, coalesce(customer, 0)::bigint as cents from ${orders}`,
      });
      await world.define([items, orders], [cheap, shown]);
      await deliver(world, "items", "1", "1,1,1.00");
      await deliver(world, "orders", "1", "1,2026-01-01,10,new");
      await succeed(world);
      for (const now of [{ ...cheap, materialize: { kind: "table" } } as const, other, { ...other, materialize: view() }]) {
        await world.define([items, orders], [now, shown]);
        await deliver(world, "items", "1", "1,1,2.00", "2,1,9.00");
        await succeed(world, { select: ["bronze.items"] });
        expect([await world.rows("silver.cheap"), await world.rows("gold.shown")]).toEqual([["1 1 100"], ["1 1 100"]]);
        await world.define([items, orders], [cheap, shown]);
        await deliver(world, "items", "1", "1,1,1.00");
        await succeed(world, { fullRefresh: true });
        expect(await kindOf(world, "gold.shown")).toBe("view");
      }
    },
    { needs: ["views"] },
  );

  test(
    "a view waits for what it reads through a view that does not run",
    async (world) => {
      await world.define([items], [cheap, shown]);
      await deliver(world, "items", "1", "1,1,1.00");
      await succeed(world);
      await deliver(world, "items", "1", "1,1,2.00");
      const run = await succeed(world, { select: ["bronze.items", "gold.shown"], fullRefresh: true });
      expect(run.steps.map(({ step }) => step)).toEqual(["ingest bronze.items", "build gold.shown"]);
      expect((await world.plan({ select: ["bronze.items", "gold.shown"], fullRefresh: true })).steps.map(({ after }) => after)).toEqual([
        [],
        ["ingest bronze.items"],
      ]);
      expect(await world.rows("gold.shown")).toEqual(["1 1 100"]);
      await succeed(world);
      expect(await world.rows("gold.shown")).toEqual(["1 1 200"]);
      await expectIdle(world);
    },
    { needs: ["views"] },
  );

  test(
    "a view gets another column in the run in which its upstream changes",
    async (world) => {
      await world.define([items], [cheap]);
      await deliver(world, "items", "1", "1,1,1.00");
      await succeed(world);
      const wider = model("silver.cheap", {
        grain: ["order_id", "line"],
        columns: { order_id: t.integer(), line: t.integer(), cents: t.bigint(), price: t.decimal(10, 2) },
        materialize: view(),
        sql: sql`select order_id, line, (price * 100)::bigint as cents, price from ${items}`,
      });
      await world.define([items], [wider]);
      await deliver(world, "items", "1", "1,1,2.00");
      await succeed(world);
      expect(await world.rows("silver.cheap")).toEqual(["1 1 200 2.00"]);
      await expectIdle(world);
    },
    { needs: ["views"] },
  );

  test(
    "a table becomes a view and a table again",
    async (world) => {
      await world.define([items], [{ ...cheap, materialize: { kind: "table" } }]);
      await deliver(world, "items", "1", "1,1,1.00");
      await succeed(world);
      expect(await kindOf(world, "silver.cheap")).toBe("table");
      await world.define([items], [cheap]);
      await succeed(world);
      expect(await kindOf(world, "silver.cheap")).toBe("view");
      await world.define([items], [{ ...cheap, materialize: { kind: "table" } }]);
      await succeed(world);
      expect([await kindOf(world, "silver.cheap"), ...(await world.rows("silver.cheap"))]).toEqual(["table", "1 1 100"]);
    },
    { needs: ["views"] },
  );
}
