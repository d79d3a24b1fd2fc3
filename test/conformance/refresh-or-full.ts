import { expect } from "vitest";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import { incremental, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model, type TypedModel } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { type Columns, t } from "../../src/define/types.ts";
import { counted, expectAsInFull, expectRefreshed, inFull, stepFor, succeed } from "./expectations.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const amounts = bronze("amounts", {
  from: csv("amounts.csv"),
  columns: { id: t.integer(), at: t.integer(), amount: t.integer() },
  key: ["id"],
});
/** A rate holds from one time to another: no equality joins it. */
const rates: BronzeDefinition = bronze("rates", {
  from: csv("rates.csv"),
  columns: { starts: t.integer(), ends: t.integer(), rate: t.integer() },
  key: ["starts"],
});

const rated = (materialize: ReturnType<typeof incremental>): TypedModel<Columns> =>
  model("silver.rated", {
    grain: ["id"],
    columns: { id: t.integer(), value: t.bigint() },
    materialize,
    sql: sql`
      select a.id, a.amount::bigint * r.rate as value
      from ${amounts} as a join ${rates} as r on a.at >= r.starts and a.at < r.ends`,
  });

async function deliver(world: World, count: number, ...changed: readonly string[]): Promise<void> {
  const rows = new Map(Array.from({ length: count }, (_, id) => [String(id), `${id},${id % 100},${id * 3}`]));
  for (const row of changed) rows.set(row.split(",")[0] ?? "", row);
  await world.send("data/amounts.csv", "id,at,amount", [...rows.values()]);
}

const setRates = (world: World, second: number): Promise<void> =>
  world.send("data/rates.csv", "starts,ends,rate", ["0,50,2", `50,100,${second}`]);

export function refreshOrFull({ test }: Suite): void {
  test("an upstream whose changes have no path to by: in full, with the reason", async (world) => {
    const item = rated(incremental({ by: ["id"] }));
    await world.define([amounts, rates], [item, inFull(item)]);
    await deliver(world, 200);
    await setRates(world, 3);
    await succeed(world);
    // Changes of the other upstream are followed.
    await deliver(world, 200, "7,60,1000");
    expectRefreshed(await succeed(world), "silver.rated", 1);
    await setRates(world, 4);
    expect((await world.plan()).steps.find((step) => step.table === "silver.rated")?.build?.why).toContain("bronze.rates");
    const run = await succeed(world);
    const step = stepFor(run, "silver.rated");
    expect(step.touched).toBeNull();
    expect(step.notes.join()).toMatch(/^built in full: bronze\.rates changed, and /);
    await expectAsInFull(world, "silver.rated");
  });

  test("touches: the declared query says which values a change touches", async (world) => {
    const touches = {
      "bronze.rates": sql`select distinct a.id from ${amounts} as a join "delta bronze.rates" as d on a.at >= d.starts and a.at < d.ends`,
    };
    const item = rated(incremental({ by: ["id"], touches }));
    await world.define([amounts, rates], [item, inFull(item)]);
    await deliver(world, 200);
    await setRates(world, 3);
    await succeed(world);
    await setRates(world, 4);
    const run = await succeed(world);
    expectRefreshed(run, "silver.rated", 100);
    expect(counted(run, "silver.rated")).toBe("0 100 0");
    await expectAsInFull(world, "silver.rated");
  });

  test("ignoreChanges: rows keep what they were built with until they are built for another reason", async (world) => {
    const item = rated(incremental({ by: ["id"], ignoreChanges: [rates] }));
    await world.define([amounts, rates], [item]);
    await deliver(world, 200);
    await setRates(world, 3);
    await succeed(world);
    const before = await world.rows("silver.rated");
    await setRates(world, 4);
    await succeed(world);
    expect(await world.rows("silver.rated")).toEqual(before);
    await deliver(world, 200, "60,60,10", "61,61,10");
    const run = await succeed(world);
    expectRefreshed(run, "silver.rated", 2);
    const rows = await world.rows("silver.rated");
    expect([rows.includes("60 40"), rows.includes("61 40"), rows.includes("62 558")]).toEqual([true, true, true]);
  });

  test("another definition, and a full refresh: in full", async (world) => {
    const item = rated(incremental({ by: ["id"] }));
    await world.define([amounts, rates], [item]);
    await deliver(world, 200);
    await setRates(world, 3);
    await succeed(world);
    await deliver(world, 200, "7,60,1000");
    const other = {
      ...item,
      sql: sql`select a.id, a.amount::bigint * r.rate + 1 as value from ${amounts} as a join ${rates} as r on a.at >= r.starts and a.at < r.ends`,
    };
    await world.define([amounts, rates], [other, inFull(other)]);
    const changed = stepFor(await succeed(world), "silver.rated");
    expect([changed.touched, changed.reason]).toEqual([null, "its definition changed"]);
    await expectAsInFull(world, "silver.rated");
    const forced = stepFor(await succeed(world, { fullRefresh: true }), "silver.rated");
    expect([forced.touched, forced.reason]).toEqual([null, "full refresh"]);
    await expectAsInFull(world, "silver.rated");
  });

  test("an upstream that changed as a whole: in full, and after that by its changes again", async (world) => {
    const item = rated(incremental({ by: ["id"] }));
    await world.define([amounts, rates], [item, inFull(item)]);
    await deliver(world, 200);
    await setRates(world, 3);
    await succeed(world);
    await succeed(world, { fullRefresh: true, select: ["bronze.amounts"] });
    await world.define([{ ...amounts, columns: { ...amounts.columns, amount: t.bigint() } }, rates], [item, inFull(item)]);
    await deliver(world, 200, "7,60,1001");
    const whole = stepFor(await succeed(world), "silver.rated");
    expect(whole.touched).toBeNull();
    await expectAsInFull(world, "silver.rated");
    await deliver(world, 200, "7,60,1002");
    expectRefreshed(await succeed(world), "silver.rated", 1);
    await expectAsInFull(world, "silver.rated");
  });

  test("the cheaper way is taken: a small change is refreshed, a large one built in full, and said so", async (world) => {
    const item = rated(incremental({ by: ["id"] }));
    await world.define([amounts, rates], [item, inFull(item)]);
    await deliver(world, 3000);
    await setRates(world, 3);
    await succeed(world, { alwaysRefresh: false });
    await deliver(world, 3000, "7,60,1000", "8,60,1001");
    expectRefreshed(await succeed(world, { alwaysRefresh: false }), "silver.rated", 2);
    await expectAsInFull(world, "silver.rated");
    const many = Array.from({ length: 745 }, (_, id) => `${id},50,${id}`);
    await deliver(world, 3000, ...many);
    const large = stepFor(await succeed(world, { alwaysRefresh: false }), "silver.rated");
    expect(large.touched).toBeNull();
    expect(large.notes.join()).toMatch(/^built in full: that is cheaper: changes touch 7[45]\d of about \d+ values$/);
    await expectAsInFull(world, "silver.rated");
  });

  test("touched values that cannot be found, as the model itself would not look at that row: in full", async (world) => {
    const codes = bronze("codes", { from: csv("codes.csv"), columns: { id: t.integer(), code: t.varchar() }, key: ["id"] });
    const numbered = model("silver.numbered", {
      grain: ["id"],
      columns: { id: t.integer(), number: t.integer() },
      materialize: incremental({ by: ["number"] }),
      sql: sql`select id, case when code like 'n%' then 0 else code::integer end as number from ${codes} where code not like 'x%'`,
    });
    await world.define([codes], [numbered, inFull(numbered)]);
    await world.send("data/codes.csv", "id,code", ["1,10", "2,20", "3,n1", "4,x"]);
    await succeed(world);
    await world.send("data/codes.csv", "id,code", ["1,10", "2,21", "3,n1", "4,xyz"]);
    const step = stepFor(await succeed(world), "silver.numbered");
    expect(step.notes.join()).toMatch(/^built in full: the touched values cannot be found: /);
    await expectAsInFull(world, "silver.numbered");
  });

  test("a model that was not in the project for a while does not miss the changes of that time", async (world) => {
    const kept: BronzeDefinition = { ...amounts, load: "merge", from: csv("amounts*.csv") };
    const item = model("silver.small", {
      grain: ["id"],
      columns: { id: t.integer(), amount: t.integer() },
      materialize: incremental({ by: ["id"] }),
      sql: sql`select id, amount from ${kept} where amount < 100`,
    });
    const above = model("gold.sums", {
      grain: ["hundred"],
      columns: { hundred: t.integer(), total: t.bigint() },
      materialize: incremental({ by: ["hundred"] }),
      sql: sql`select ((id - id % 100) / 100)::integer as hundred, sum(amount)::bigint as total from ${item} group by ((id - id % 100) / 100)::integer`,
    });
    const all = [item, inFull(item), above, inFull(above)];
    await world.define([kept], all);
    await deliver(world, 200);
    await succeed(world);
    await world.send("data/amounts-2.csv", "id,at,amount", ["7,1,70"]);
    await succeed(world);
    // Nobody follows them now.
    await world.define([kept], [item]);
    await world.send("data/amounts-3.csv", "id,at,amount", ["8,1,80", "150,1,1"]);
    await succeed(world);
    await world.define([kept], []);
    await world.send("data/amounts-4.csv", "id,at,amount", ["9,1,90"]);
    await succeed(world);
    await world.define([kept], all);
    await world.send("data/amounts-5.csv", "id,at,amount", ["10,1,91"]);
    await succeed(world);
    await expectAsInFull(world, "silver.small", "gold.sums");
  });

  test(
    "a view in between that is defined otherwise: in full",
    async (world) => {
      const near = (limit: number): TypedModel<Columns> =>
        model("silver.near", {
          grain: ["id"],
          columns: { id: t.integer(), amount: t.integer() },
          materialize: view(),
          sql: { ...sql``, text: `select id, amount from bronze.amounts where id < ${limit}` },
        });
      const over: ModelDefinition = { ...near(0), name: "silver.over", sql: sql`select id, amount from ${near(0)}` };
      const item = model("gold.summed", {
        grain: ["amount"],
        columns: { amount: t.integer(), lines: t.bigint() },
        materialize: incremental({ by: ["amount"] }),
        sql: sql`select amount, count(*) as lines from ${over} group by amount`,
      });
      const models = (limit: number): readonly ModelDefinition[] => [near(limit), over, item, inFull(item)];
      await world.define([amounts], models(10));
      await deliver(world, 200);
      await succeed(world);
      await world.define([amounts], models(20));
      await succeed(world);
      await expectAsInFull(world, "gold.summed");
      // Together with a change that is followed.
      await world.define([amounts], models(30));
      await deliver(world, 200, "7,1,1000");
      await succeed(world);
      await expectAsInFull(world, "gold.summed");
      await deliver(world, 200, "7,1,1001");
      expectRefreshed(await succeed(world), "gold.summed", 2);
      await expectAsInFull(world, "gold.summed");
    },
    { needs: ["views"] },
  );

  test(
    "a view in between whose own step did not run: in full, from the rows it shows, and again when it has run",
    async (world) => {
      const near: ModelDefinition = model("silver.near", {
        grain: ["id"],
        columns: { id: t.integer(), amount: t.integer() },
        materialize: view(),
        sql: sql`select id, amount from ${amounts}`,
      });
      const over: ModelDefinition = { ...near, name: "silver.over", sql: sql`select id, amount from ${near}` };
      const item = model("gold.summed", {
        grain: ["id"],
        columns: { id: t.integer(), amount: t.integer(), now: t.integer({ nullable: true }) },
        materialize: incremental({ by: ["id"] }),
        sql: sql`select o.id, o.amount, a.amount as now from ${over} as o left join ${amounts} as a on a.id = o.id`,
      });
      await world.define([amounts], [near, over, item, inFull(item)]);
      await deliver(world, 200);
      await succeed(world);
      await deliver(world, 200, "7,1,1000");
      const some = await succeed(world, { select: ["bronze.amounts", item.name, `${item.name}_in_full`] });
      expect(stepFor(some, item.name).notes.join()).toBe("built in full: the view silver.over shows older rows until its own step has run");
      expect(await world.rows(item.name)).toContain("7 21 1000");
      await expectAsInFull(world, item.name);
      // The first of the two views has run, the second has not.
      await succeed(world, { select: ["silver.near", item.name, `${item.name}_in_full`] });
      await expectAsInFull(world, item.name);
      await succeed(world);
      expect(await world.rows(item.name)).toContain("7 1000 1000");
      await expectAsInFull(world, item.name);
      await deliver(world, 200, "7,1,1001");
      expectRefreshed(await succeed(world), item.name, 1);
    },
    { needs: ["views"] },
  );
}
