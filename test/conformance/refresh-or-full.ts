import { expect } from "vitest";
import { type BronzeDefinition, bronze } from "../../src/define/bronze.ts";
import { incremental } from "../../src/define/materialization.ts";
import { model, type TypedModel } from "../../src/define/model.ts";
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
    const many = Array.from({ length: 900 }, (_, id) => `${id},50,${id}`);
    await deliver(world, 3000, ...many);
    const large = stepFor(await succeed(world, { alwaysRefresh: false }), "silver.rated");
    expect(large.touched).toBeNull();
    expect(large.notes.join()).toMatch(/^built in full: that is cheaper: changes touch 90\d of about \d+ values$/);
    await expectAsInFull(world, "silver.rated");
  });

  test("a row that cannot be made alone is made in full, not left out", async (world) => {
    const item = model("silver.dated", {
      grain: ["id"],
      columns: { id: t.integer(), share: t.integer() },
      materialize: incremental({ by: ["share"] }),
      sql: sql`select id, (100 / nullif(at, 0))::integer as share from ${amounts} where at > 0`,
    });
    await world.define([amounts, rates], [item, inFull(item)]);
    await setRates(world, 3);
    await deliver(world, 120);
    await succeed(world);
    await deliver(world, 120, "5,0,1", "6,50,1");
    await succeed(world);
    await expectAsInFull(world, "silver.dated");
  });
}
