import { expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../services/postgres.ts";
import { makeProject } from "../support/project.ts";

const files = {
  "assay.config.ts": `import { defineProject, env, postgres } from "assay";
export default defineProject({ name: "shop", environments: { pro: { engine: postgres(env("PRO_URL")) } } });
`,
  "data/orders.csv": "order_id,total\n1,10\n",
  "sources/orders.ts": `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", { from: csv("data/orders.csv"), columns: { order_id: t.integer(), total: t.integer() }, key: ["order_id"] });
`,
  "models/gold/slow.ts": `import { model, sql, t } from "assay";
export const slow = model("gold.slow", {
  grain: ["order_id"],
  columns: { order_id: t.integer(), total: t.integer() },
  sql: {
    duckdb: sql\`select order_id, total from bronze.orders\`,
    postgres: sql\`select order_id, total from bronze.orders, (select pg_sleep(4)) as pause\`,
  },
});
`,
};

interface ErrorDocument {
  readonly error?: { readonly code: string; readonly message: string };
}

test("a run whose lock broke with its connection publishes nothing once another run has begun", async () => {
  const server = await startPostgres({ settings: { fsync: "off" } });
  const shop = await makeProject(files, { env: { PRO_URL: server.url } });
  try {
    const first = shop.start(["run", "--json"]);
    const isBuilding = async (): Promise<boolean> =>
      (await server.sql("select 1 from pg_stat_activity where state = 'active' and query ilike '%pg_sleep%' and pid <> pg_backend_pid()"))
        .length > 0;
    await expect.poll(isBuilding, { timeout: 30_000, interval: 100 }).toBe(true);
    const ended = await server.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'assay run, process%'",
    );
    expect(ended).toHaveLength(1);

    await shop.write({ "data/orders.csv": "order_id,total\n1,10\n2,20\n" });
    const second = await shop.json<RunResult>(["run"]);
    expect(second.steps.map((step) => [step.step, step.status, step.error])).toEqual([
      ["ingest bronze.orders", "succeeded", null],
      ["build gold.slow", "succeeded", null],
    ]);
    const { code, stdout } = await first.exited;
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as ErrorDocument).error).toMatchObject({ code: "RUN_SUPERSEDED" });

    expect(await server.sql(`select subject, version, run_id = '${second.run_id}' as own from assay.publications order by 1`)).toEqual([
      { subject: "bronze.orders", version: "2", own: true },
      { subject: "gold.slow", version: "1", own: true },
    ]);
    expect((await shop.json<RunResult>(["run"])).steps.map((step) => step.status)).toEqual(["skipped", "skipped"]);
  } finally {
    await shop.remove();
    await server.stop();
  }
}, 90_000);
