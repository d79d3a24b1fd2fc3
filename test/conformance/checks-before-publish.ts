import { expect } from "vitest";
import type { BronzeDefinition } from "../../src/define/bronze.ts";
import { bronze } from "../../src/define/bronze.ts";
import { check } from "../../src/define/check.ts";
import { append, incremental, type Materialization, snapshot, table, view } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import { expectAsInFull, expectIdle, inFull, stepFor, succeed } from "./expectations.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const rule = [check.between("price", { max: 100 })];

const prices = (more: Partial<BronzeDefinition>): BronzeDefinition => ({
  ...bronze("prices", {
    from: csv("prices-*.csv"),
    columns: { id: t.integer(), price: t.integer(), seen: t.timestamp() },
    key: ["id"],
  }),
  ...more,
});

const offers = (materialize: Materialization): ModelDefinition =>
  model("silver.offers", {
    grain: ["id"],
    columns: { id: t.integer(), price: t.integer(), seen: t.timestamp() },
    materialize,
    checks: rule,
    sql: sql`select id, price, seen from ${prices({})}`,
  });

/** Follows the checked table, so that its changes are recorded too. */
const follower = (of: { readonly name: `${string}.${string}` }): ModelDefinition =>
  model("gold.follower", {
    grain: ["id"],
    columns: { id: t.integer(), price: t.integer() },
    materialize: incremental({ by: ["id"] }),
    sql: { ...sql``, text: `select id, price from ${of.name}` },
  });

const send = (world: World, name: string, ...rows: readonly (readonly [id: number, price: number])[]): Promise<void> =>
  world.send(
    `data/prices-${name}.csv`,
    "id,price,seen",
    rows.map(([id, price]) => `${id},${price},2026-01-0${name} 00:00:00`),
  );

/** All that a refused batch must not touch. */
async function published(world: World, checked: "bronze.prices" | "silver.offers") {
  const { publications, commits, files } = await world.state();
  const version = publications.get(checked)?.version ?? "0";
  const isRecorded = commits.get(checked)?.at(-1)?.kind === "changes";
  return {
    publication: publications.get(checked),
    commits: commits.get(checked),
    // A failed run, too, may have looked into files again and found what they held.
    files: files.filter((file) => file.table === checked).map(({ stamped_at: _, ...file }) => file),
    rows: await world.rows(checked),
    changes: isRecorded ? await world.changes(checked, "0", version) : [],
    follower: await world.rows("gold.follower"),
  };
}

export function checksBeforePublish({ test }: Suite): void {
  const bronzeKinds: Readonly<Record<string, Partial<BronzeDefinition>>> = {
    "bronze, replace": { load: "replace" },
    "bronze, append": { load: "append" },
    "bronze, merge": { load: "merge" },
  };
  for (const [title, more] of Object.entries(bronzeKinds)) {
    test(`${title}: a batch that breaks a rule changes nothing; the next one brings its rows`, async (world) => {
      const bronzeTable = prices({ ...more, checks: rule });
      await world.define([bronzeTable], [follower(bronzeTable)]);
      await send(world, "1", [1, 10], [2, 20]);
      await succeed(world);
      await send(world, "2", [3, 30]);
      await succeed(world);
      const before = await published(world, "bronze.prices");
      await send(world, "3", [4, 400]);
      const bad = await world.run();
      expect(stepFor(bad, "bronze.prices").error).toMatchObject({ code: "CHECK_FAILED" });
      expect(stepFor(bad, "gold.follower").status).toBe("skipped");
      expect(await published(world, "bronze.prices")).toEqual(before);
      await send(world, "3", [4, 40]);
      await send(world, "4", [5, 50]);
      await succeed(world);
      expect(await world.rows("bronze.prices", "id", "price")).toEqual(["1 10", "2 20", "3 30", "4 40", "5 50"]);
      expect(await world.rows("gold.follower")).toEqual(["1 10", "2 20", "3 30", "4 40", "5 50"]);
      await expectIdle(world);
    });
  }

  const modelKinds: Readonly<Record<string, Materialization>> = {
    table: table(),
    view: view(),
    "incremental by row": incremental({ by: ["id"] }),
    "incremental by partition": incremental({ by: ["seen"] }),
    append: append(),
    snapshot: snapshot({ at: "seen" }),
  };
  for (const [title, materialize] of Object.entries(modelKinds)) {
    const isKept = materialize.kind === "append" || materialize.kind === "snapshot";
    const needs = materialize.kind === "view" ? (["views"] as const) : [];
    test(
      `${title}: rows that break a rule change nothing, and are looked at again`,
      async (world) => {
        const offer = offers(materialize);
        const below = materialize.kind === "snapshot" ? { ...follower(offer), materialize: table() } : follower(offer);
        await world.define([prices({})], [offer, below]);
        await send(world, "1", [1, 10], [2, 20]);
        await succeed(world);
        await send(world, "2", [3, 30]);
        await succeed(world);
        const before = await published(world, "silver.offers");
        await send(world, "3", [4, 40], [5, 500]);
        const bad = await world.run();
        expect(stepFor(bad, "silver.offers").error).toMatchObject({ code: "CHECK_FAILED" });
        expect(stepFor(bad, "silver.offers").checks).toContainEqual(
          expect.objectContaining({ check: "between", status: "failed", failures: 1 }),
        );
        expect(await published(world, "silver.offers")).toEqual(before);
        // Again, and still wrong: nothing was forgotten.
        expect(stepFor(await world.run(), "silver.offers").error).toMatchObject({ code: "CHECK_FAILED" });
        expect(await published(world, "silver.offers")).toEqual(before);
        await send(world, "3", [4, 40], [5, 50]);
        await succeed(world);
        expect(await world.rows("silver.offers", "id", "price")).toEqual(["1 10", "2 20", "3 30", "4 40", "5 50"]);
        if (!isKept) expect(await world.rows("gold.follower")).toEqual(["1 10", "2 20", "3 30", "4 40", "5 50"]);
        await expectIdle(world);
      },
      { needs },
    );
  }

  test("a refresh that makes a key twice is refused, also where the other row is an old one", async (world) => {
    const loose = prices({ key: [], load: "append" });
    const grown = model("silver.offers", {
      grain: ["id"],
      columns: { id: t.integer(), price: t.integer(), seen: t.timestamp() },
      materialize: incremental({ by: ["seen"] }),
      sql: sql`select id, price, seen from ${loose}`,
    });
    await world.define([loose], [grown, follower(grown)]);
    await send(world, "1", [1, 10], [2, 20]);
    await succeed(world);
    await send(world, "2", [3, 30]);
    await succeed(world);
    const before = await published(world, "silver.offers");
    await send(world, "3", [1, 11]);
    const twice = stepFor(await world.run(), "silver.offers");
    expect(twice.error?.message).toContain("1 key appears more than once, e.g. id = 1 2 times");
    expect(await published(world, "silver.offers")).toEqual(before);
    await send(world, "3", [4, 40]);
    await send(world, "1", [1, 10], [2, 20]);
    await succeed(world);
    expect(await world.rows("silver.offers", "id")).toEqual(["1", "2", "3", "4"]);
  });

  test("a refresh that gives a corrected row a unique value of an old one is refused", async (world) => {
    const source = prices({});
    const offer: ModelDefinition = { ...offers(incremental({ by: ["id"] })), checks: [check.unique("price")] };
    await world.define([source], [offer, follower(offer)]);
    await send(world, "1", [1, 10], [2, 20]);
    await succeed(world);
    await send(world, "2", [3, 30]);
    await succeed(world);
    const before = await published(world, "silver.offers");
    await send(world, "1", [1, 10], [2, 30]);
    const twice = stepFor(await world.run(), "silver.offers");
    expect(twice.error?.message).toContain("check unique (price) failed: 1 key appears more than once, e.g. price = 30 2 times");
    expect(await published(world, "silver.offers")).toEqual(before);
    await send(world, "1", [1, 10], [2, 25]);
    await succeed(world);
    expect(await world.rows("silver.offers", "id", "price")).toEqual(["1 10", "2 25", "3 30"]);
  });

  test("a refresh that makes a required value absent is refused", async (world) => {
    const source = prices({});
    const offer: ModelDefinition = {
      ...offers(incremental({ by: ["id"] })),
      sql: sql`select id, nullif(price, 99) as price, seen from ${source}`,
    };
    await world.define([source], [offer, follower(offer)]);
    await send(world, "1", [1, 10], [2, 20]);
    await succeed(world);
    const before = await published(world, "silver.offers");
    await send(world, "1", [1, 10], [2, 99]);
    const absent = stepFor(await world.run(), "silver.offers");
    expect(absent.error?.message).toContain("check not_null (price) failed: price is absent, e.g. id = 2");
    expect(await published(world, "silver.offers")).toEqual(before);
    await send(world, "1", [1, 10], [2, 98]);
    await succeed(world);
    expect(await world.rows("silver.offers", "id", "price")).toEqual(["1 10", "2 98"]);
  });

  test("totals that are not conserved are refused in a refresh as in a full build", async (world) => {
    const source = prices({});
    const summed = model("silver.summed", {
      grain: ["seen"],
      columns: { seen: t.timestamp(), total: t.bigint() },
      materialize: incremental({ by: ["seen"] }),
      checks: [check.conserves("total", source, { measure: "price" })],
      sql: sql`select seen, sum(price)::bigint as total from ${source} where price < 50 group by seen`,
    });
    await world.define([source], [summed, inFull({ ...summed, checks: [] })]);
    await send(world, "1", [1, 10], [2, 20]);
    await succeed(world);
    await send(world, "2", [3, 60]);
    expect(stepFor(await world.run(), "silver.summed").error?.message).toContain("a difference of -60");
    await send(world, "2", [3, 40]);
    await succeed(world);
    await expectAsInFull(world, "silver.summed");
  });

  test("a rule that only warns is said and lets the rows pass", async (world) => {
    const source = prices({ checks: [check.between("price", { max: 100 }, { severity: "warn" })] });
    await world.define([source], []);
    await send(world, "1", [1, 500]);
    const run = await succeed(world);
    expect(stepFor(run, "bronze.prices").checks).toContainEqual(expect.objectContaining({ check: "between", status: "warned" }));
    expect(await world.rows("bronze.prices", "price")).toEqual(["500"]);
  });
}
