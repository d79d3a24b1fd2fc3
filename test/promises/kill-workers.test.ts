import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { below, randomStream } from "../../src/generators/random.ts";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../services/postgres.ts";
import { makeProject, type RunningCommand } from "../support/project.ts";
import { shopFiles } from "../support/shop-project.ts";

/** By hand: KILL_SECONDS=1800. */
const seconds = Number(process.env.KILL_SECONDS ?? 120);
const workers = 3;

/** Something to be killed in: about a second of work. What four workers in a row did not survive is tried again. */
const busy = `/*
grain: [order_id]
retries: { limit: 5, delay: 1 s }
materialize: { incremental: { by: [order_id] } }
*/
select o.order_id, count(*) as lines, sum(a.i)::bigint as total
from bronze.orders as o, generate_series(1, 400000) as a(i) group by o.order_id
`;

const orders = (count: number): string =>
  `order_id,day\n${Array.from({ length: count }, (_, index) => `${index + 1},2026-01-0${(index % 9) + 1}`).join("\n")}\n`;

test(
  `workers killed at random for ${seconds} s: nothing is lost, nothing is there twice`,
  async () => {
    const server = await startPostgres({ settings: { fsync: "off", max_connections: "150" } });
    const shop = await makeProject(
      {
        ...shopFiles,
        "data/orders.csv": orders(3),
        "models/gold/busy.sql": busy,
        "assay.config.ts": `import { defineProject, duckdb, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: {
  dev: { engine: duckdb("./warehouse.duckdb") },
  pro: { engine: postgres(env("PRO_URL")), workers: true },
} });
`,
      },
      { env: { PRO_URL: server.url } },
    );
    const dice = randomStream(7, 1)(0);
    const alive: RunningCommand[] = [];
    const start = (): void => void alive.push(shop.start(["worker", "--env", "pro"]));
    let over = false;
    const killing = (async () => {
      for (let kills = 0; ; kills++) {
        await wait(1_500 + below(dice, 3_000));
        if (over) return kills;
        const [victim] = alive.splice(below(dice, alive.length), 1);
        victim?.kill();
        await victim?.exited;
        start();
      }
    })();
    try {
      for (let count = 0; count < workers; count++) start();
      const deadline = performance.now() + seconds * 1_000;
      let count = 3;
      let runs = 0;
      for (; performance.now() < deadline; count++, runs++) {
        await shop.write({ "data/orders.csv": orders(count) });
        const run = await shop.json<RunResult>(["run", "--env", "pro"]);
        const failed = run.steps.filter((step) => step.status === "failed").map((step) => [step.step, step.error]);
        expect(failed).toEqual([]);
        expect(new Set(run.steps.map((step) => step.step)).size).toBe(run.steps.length);
      }
      over = true;
      const kills = await killing;
      process.stdout.write(`${runs} runs, ${kills} workers killed\n`);
      expect(kills).toBeGreaterThan(3);
      // Every input made one version, and one record.
      expect(await server.sql("select version from assay.publications where subject = 'bronze.orders'")).toEqual([
        { version: String(runs) },
      ]);
      expect(await server.sql("select version from assay.publications where subject = 'gold.busy'")).toEqual([{ version: String(runs) }]);
      expect(await server.sql("select run_id, step from assay.steps group by run_id, step having count(*) > 1")).toEqual([]);
      await shop.json(["run"]);
      for (const table of ["bronze.orders", "silver.sales", "gold.busy", "gold.by_day", "gold.by_product", "gold.shops"]) {
        const text = `select * from ${table} order by 1, 2`;
        expect(await shop.json(["query", text, "--env", "pro"]), table).toEqual(await shop.json(["query", text]));
      }
    } finally {
      over = true;
      for (const worker of alive) worker.kill();
      await killing.catch(() => undefined);
      for (const worker of alive) worker.kill();
      await shop.remove();
      await server.stop();
    }
  },
  (seconds + 240) * 1_000,
);
