import { expect } from "vitest";
import type { BronzeDefinition } from "../../src/define/bronze.ts";
import { incremental } from "../../src/define/materialization.ts";
import { type ModelDefinition, model } from "../../src/define/model.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import type { TableName } from "../../src/terms.ts";
import { expectAsInFull, inFull, succeed } from "./expectations.ts";
import { customers, daily, deliver, firstDelivery, items, loaded, orders, sales } from "./shop.ts";
import type { Suite } from "./suite.ts";
import type { World } from "./world.ts";

const watch = (world: World, tables: readonly TableName[]) => {
  const seen = new Map<TableName, { readonly version: number; readonly rows: readonly string[] }>();
  /** What each table's newest commit says, `version: kind inserted updated deleted`; the recorded changes make the rows it has of those it had. */
  return async (): Promise<readonly string[]> => {
    const { publications, commits } = await world.state();
    const said: string[] = [];
    for (const table of tables) {
      const version = Number(publications.get(table)?.version);
      const before = seen.get(table);
      const rows = await world.rows(table);
      seen.set(table, { version, rows });
      expect(publications.get(table)?.rows, `rows counted of ${table}`).toBe(rows.length);
      const commit = commits.get(table)?.at(-1);
      expect(commit?.version, `newest commit of ${table}`).toBe(String(version));
      said.push(`${version}: ${commit?.kind} ${commit?.inserted} ${commit?.updated} ${commit?.deleted}`);
      if (before === undefined || commit?.kind !== "changes") continue;
      if (before.version === version) {
        expect(rows, `${table}, of the same version`).toEqual(before.rows);
        continue;
      }
      expect(version, `versions of ${table} follow each other`).toBe(before.version + 1);
      const changes = await world.changes(table, String(before.version), String(version));
      const folded = [...before.rows];
      for (const change of changes.filter((item) => item.startsWith("-"))) {
        const at = folded.indexOf(change.slice(2));
        expect(at, `${table} had ${change}`).toBeGreaterThanOrEqual(0);
        folded.splice(at, 1);
      }
      folded.push(...changes.filter((item) => item.startsWith("+")).map((item) => item.slice(2)));
      expect(folded.sort(), `${table} by its changes`).toEqual(rows);
      const came = changes.filter((item) => item.startsWith("+")).length;
      expect([came, changes.length - came], `counts of ${table}`).toEqual([
        Number(commit.inserted) + Number(commit.updated),
        Number(commit.deleted) + Number(commit.updated),
      ]);
    }
    return said;
  };
};

/** Follows the table, so that its changes are recorded. */
const follower = (table: BronzeDefinition | ModelDefinition, name: `gold.${string}`): ModelDefinition =>
  model(name, {
    grain: ["order_id", "line"],
    columns: { order_id: t.integer(), line: t.integer(), price: t.decimal(10, 2) },
    materialize: incremental({ by: ["order_id"] }),
    sql: sql`select order_id, line, price from ${table}`,
  });

export function changeTracking({ test }: Suite): void {
  test("recorded changes make each version of the one before, in every kind of table", async (world) => {
    const whole: ModelDefinition = { ...follower(items, "gold.unused"), name: "silver.whole", materialize: { kind: "table" } };
    const followed = follower(whole, "gold.followed");
    const merged = loaded(orders, "merge", "status = 'deleted'");
    await world.define([merged, items, customers], [sales, daily, whole, followed, inFull(followed), inFull(daily)]);
    await firstDelivery(world);
    await succeed(world);
    const look = watch(world, ["bronze.orders", "bronze.items", "silver.sales", "silver.whole"]);
    expect(await look()).toEqual(Array(4).fill("1: reset null null null"));
    await deliver(world, "orders", "2", "2,2026-01-02,20,new", "3,,,deleted", "7,2026-01-07,10,new", "1,2026-01-01,10,new");
    await deliver(world, "items", "2", "7,1,1.00", "7,2,2.00");
    await succeed(world);
    expect(await look()).toEqual(["2: changes 1 1 1", "2: changes 2 0 0", "2: changes 2 1 2", "2: changes 2 0 0"]);
    await deliver(world, "items", "1", "1,1,1.50", "1,2,2.22", "3,1,4.25", "3,2,0.75", "4,1,9.00");
    await succeed(world);
    expect(await look()).toEqual(["2: changes 1 1 1", "3: changes 0 1 1", "3: changes 0 1 1", "3: changes 0 1 1"]);
    await expectAsInFull(world, "gold.followed", "gold.daily");
    // The same rows in other files and another order: no change of anything.
    await deliver(world, "items", "1", "4,1,9.00", "3,2,0.75");
    await deliver(world, "items", "3", "3,1,4.25", "1,2,2.22", "1,1,1.50");
    await deliver(world, "orders", "3", "7,2026-01-07,10,new", "2,2026-01-02,20,new");
    await succeed(world);
    expect(await look()).toEqual(["2: changes 1 1 1", "3: changes 0 1 1", "3: changes 0 1 1", "3: changes 0 1 1"]);
  });

  test("a value that becomes absent, or is there again, is a change of a table built in full", async (world) => {
    const columns = { order_id: t.integer(), day: t.date({ nullable: true }) };
    const whole = model("silver.whole", { grain: ["order_id"], columns, sql: sql`select order_id, day from ${orders}` });
    const followed = model("gold.followed", {
      grain: ["order_id"],
      columns,
      materialize: incremental({ by: ["order_id"] }),
      sql: sql`select order_id, day from ${whole}`,
    });
    await world.define([orders], [whole, followed, inFull(followed)]);
    const look = watch(world, ["silver.whole"]);
    const said: string[] = [];
    for (const day of ["2026-01-01", "", "2026-01-03"]) {
      await deliver(world, "orders", "1", `1,${day},10,new`, "2,2026-01-02,20,new");
      await succeed(world);
      said.push(...(await look()));
      await expectAsInFull(world, "gold.followed");
    }
    expect(said).toEqual(["1: reset null null null", "2: changes 0 1 0", "3: changes 0 1 0"]);
  });

  test("rows without a key that come twice and go once", async (world) => {
    const loose: BronzeDefinition = { ...items, key: [] };
    const grouped = model("gold.grouped", {
      grain: ["order_id"],
      columns: { order_id: t.integer(), lines: t.bigint() },
      materialize: incremental({ by: ["order_id"] }),
      sql: sql`select order_id, count(*) as lines from ${loose} group by order_id`,
    });
    await world.define([loose], [grouped, inFull(grouped)]);
    await deliver(world, "items", "1", "1,1,1.00", "1,1,1.00", "1,1,1.00", "2,1,1.00");
    await succeed(world);
    const look = watch(world, ["bronze.items"]);
    await look();
    await deliver(world, "items", "1", "1,1,1.00", "2,1,1.00", "2,1,1.00");
    await succeed(world);
    expect(await look()).toEqual(["2: changes 1 0 2"]);
    expect(await world.rows("gold.grouped")).toEqual(["1 1", "2 2"]);
    await expectAsInFull(world, "gold.grouped");
  });

  test("more changes than are worth recording are a reset, and recording begins anew", async (world) => {
    const followed = follower(items, "gold.followed");
    await world.define([items], [followed, inFull(followed)]);
    await deliver(world, "items", "1", "1,1,1.00", "1,2,2.00", "2,1,3.00");
    await succeed(world, { alwaysRefresh: false });
    const look = watch(world, ["bronze.items"]);
    await look();
    await deliver(world, "items", "1", "1,1,1.10", "1,2,2.20", "2,1,3.30");
    await succeed(world, { alwaysRefresh: false });
    expect(await look()).toEqual(["2: reset 0 3 0"]);
    await expectAsInFull(world, "gold.followed");
    await deliver(world, "items", "1", "1,1,1.10", "1,2,2.20", "2,1,3.33");
    await succeed(world);
    expect(await look()).toEqual(["3: changes 0 1 0"]);
    await expectAsInFull(world, "gold.followed");
  });

  test("a table that gets another column: what follows it is built in full, then by its changes again", async (world) => {
    const narrow: ModelDefinition = { ...follower(items, "gold.unused"), name: "silver.wide" };
    const wide = model("silver.wide", {
      grain: ["order_id", "line"],
      columns: { order_id: t.integer(), line: t.integer(), price: t.decimal(10, 2), dear: t.boolean() },
      materialize: incremental({ by: ["order_id"] }),
      sql: sql`select order_id, line, price, price > 2 as dear from ${items}`,
    });
    const followed = follower(narrow, "gold.followed");
    const check = async (prices: readonly string[], of: ModelDefinition): Promise<void> => {
      await world.define([items], [of, followed, inFull(followed)]);
      await deliver(world, "items", "1", ...prices);
      await succeed(world);
      await expectAsInFull(world, "gold.followed");
    };
    await check(["1,1,1.00", "1,2,2.00", "2,1,3.00"], narrow);
    await check(["1,1,1.10", "1,2,2.00", "2,1,3.00"], narrow);
    await check(["1,1,1.10", "1,2,2.20", "2,1,3.00"], wide);
    await check(["1,1,1.10", "1,2,2.20", "2,1,3.30"], wide);
    expect((await world.state()).commits.get("silver.wide")?.map((commit) => commit.kind)).toEqual([
      "reset",
      "changes",
      "reset",
      "changes",
    ]);
  });
}
