import { afterAll, beforeAll, expect, test } from "vitest";
import { type LossyProxy, lossyProxy } from "../services/lossy-proxy.ts";
import { dearItems, type PostgresShop, type PostgresShops, startPostgresShops } from "../support/postgres-shop.ts";
import { shopFile } from "../support/shop-project.ts";

let shops: PostgresShops;
beforeAll(async () => {
  shops = await startPostgresShops();
}, 120_000);
afterAll(() => shops.stop());

interface LossyShop {
  readonly shop: PostgresShop;
  readonly proxy: LossyProxy;
  /** Runs it through the proxy. */
  readonly run: () => ReturnType<PostgresShop["run"]>;
}

/** The items are appended: what is done twice would be seen. */
async function withShop(work: (lossy: LossyShop) => Promise<void>): Promise<void> {
  const shop = await shops.open(
    shopFile("sources/shop.ts", `key: ["order_id", "product"],\n`, `key: ["order_id", "product"],\n  load: "append",\n`),
  );
  const proxy = await lossyProxy(shops.server.port);
  const url = Object.assign(new URL(shop.url), { port: String(proxy.port) }).toString();
  try {
    await work({ shop, proxy, run: () => shop.run(url) });
  } finally {
    await proxy.close();
    await shop.remove();
  }
}

const moreItems = { "data/items.csv": "order_id,product,price\n1,cherry,3.25\n" };

interface Recorded {
  readonly step: string;
  readonly status: string;
}

/** What is on record of runs that are `status`. */
async function recorded(shop: PostgresShop, status: string): Promise<readonly Recorded[]> {
  const { rows } = await (await shop.connect()).query<Recorded>(
    "select step, s.status from assay.steps s join assay.runs r using (run_id) where r.status = $1 and s.status <> 'skipped' order by step",
    [status],
  );
  return rows;
}

test("a run that never hears of any commit succeeds, and does nothing twice", async () => {
  await withShop(async ({ shop, proxy, run }) => {
    proxy.lose("answer");
    expect(await run()).toEqual([]);
    // The state, the beginning and the end of the run, and seven steps.
    expect(proxy.lost).toBeGreaterThanOrEqual(10);
    expect(await shop.revenue()).toBe("5.75");
    await shop.project.write(moreItems);
    expect(await run()).toEqual([]);
    expect(await shop.revenue()).toBe("3.25");
    const steps = await recorded(shop, "succeeded");
    expect(steps).toHaveLength(7 + 4);
    expect(steps.every(({ status }) => status === "succeeded")).toBe(true);
    proxy.heal();
    const { results } = await shop.project.json<{ results: readonly { status: string }[] }>(["verify"]);
    expect(results.map(({ status }) => status)).toEqual(results.map(() => "verified"));
    expect(results.length).toBeGreaterThan(2);
  });
});

test("a commit that never reaches the server fails its step, wherever in the run it is; the next run does what is missing", async () => {
  await withShop(async ({ shop, proxy, run }) => {
    expect(await run()).toEqual([]);
    // The first one writes nothing: it takes back claims, and there are none.
    for (const [index, commit] of [2, 3, 4, 5, 6].entries()) {
      const price = `${index + 10}.00`;
      await shop.project.write({ "data/items.csv": `order_id,product,price\n1,apple,${price}\n` });
      proxy.lose("commit", (number) => number === commit);
      const failures = await run();
      expect(proxy.lost).toBe(1);
      expect(failures[0], String(commit)).toMatchObject({ code: "ENGINE_UNREACHABLE" });
      proxy.heal();
      expect(await run()).toEqual([]);
      expect(await shop.revenue()).toBe(price);
    }
  });
});

test.each([
  ["reached the server", "answer", [{ step: "ingest bronze.items", status: "succeeded" }], "5.75"],
  ["did not", "commit", [], "5.75"],
] as const)(
  "where nobody can be asked whether the commit reached the server, and it %s, the run ends, and the next one finds out",
  async (_, loss, onRecord, before) => {
    await withShop(async ({ shop, proxy, run }) => {
      expect(await run()).toEqual([]);
      await shop.project.write(dearItems);
      // Those before are of claims taken back and of the run's beginning.
      proxy.lose(loss, (commit) => commit === 3);
      proxy.thenRefuse();
      expect(await run()).toMatchObject([
        {
          step: null,
          code: "COMMIT_UNKNOWN",
          message: expect.stringContaining("the connection was lost while a transaction was committed"),
          hint: expect.stringContaining("run again when the server answers"),
        },
      ]);
      expect(await shop.revenue()).toBe(before);
      proxy.heal();
      expect(await run()).toEqual([]);
      expect(await shop.revenue()).toBe("9.00");
      expect(await recorded(shop, "interrupted")).toEqual(onRecord);
      const { rows } = await (await shop.connect()).query(
        "select count(*)::int as rows, count(distinct batch_id)::int as batches from assay.files where table_name = 'bronze.items'",
      );
      expect(rows).toEqual([{ rows: 1, batches: 1 }]);
    });
  },
  90_000,
);
