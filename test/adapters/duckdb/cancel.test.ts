import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { memoryDatabase } from "../../../src/adapters/duckdb/database.ts";

const endless = { text: "select sum(a.i * b.i % 7) as n from range(10000000) as a(i), range(10000000) as b(i)" };

test("a cancelled session ends its statement, whenever that comes, and rolls back", async () => {
  const database = await memoryDatabase();
  const other = await database.session();
  await other.execute({ text: "create table kept as select 1 as n" });
  // Also a statement that has hardly begun: an interrupt before it would be forgotten.
  for (const delay of [0, 0, 1, 5, 200]) {
    const session = await database.session();
    const work = session.transaction(async () => {
      await session.execute({ text: "insert into kept values (2)" });
      await session.query(endless);
    });
    const failed = expect(work).rejects.toThrow(/interrupt|cancelled/i);
    await wait(delay);
    const asked = performance.now();
    await session.cancel();
    await failed;
    expect(performance.now() - asked).toBeLessThan(5_000);
    await expect(session.query({ text: "select 1" })).rejects.toThrow("cancelled");
    session.close();
    expect(await other.query({ text: "select count(*)::integer as n from kept" })).toEqual([{ n: 1 }]);
  }
  other.close();
  database.close();
}, 60_000);
