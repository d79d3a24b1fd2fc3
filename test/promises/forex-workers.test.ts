import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { startPostgres } from "../services/postgres.ts";
import { copiedForex, needRealForex, realForex } from "../support/forex-data.ts";
import { forexTransactions } from "../support/project.ts";
import { stepsRun } from "../support/run-document.ts";

interface Diff {
  readonly tables: readonly { readonly table: string; readonly status: string }[];
}

test("forex transactions: three workers share the chunks, and every environment holds the same tables", async (context) => {
  needRealForex(context);
  if (realForex === null) return;
  const data = await copiedForex(realForex);
  const [server, project] = await Promise.all([startPostgres({ settings: { fsync: "off" } }), forexTransactions(data)]);
  const env = { PRO_URL: server.url, DEV_URL: server.url, USER: "ada" };
  const workers = [1, 2, 3].map(() => project.start(["worker", "--env", "pro"], { env }));
  try {
    const pro = await project.json<RunResult>(["run", "--env", "pro"], { env });
    expect(pro.status, JSON.stringify(pro.steps.map((step) => step.error))).toBe("succeeded");
    const [dev, local] = [await project.json<RunResult>(["run", "--env", "dev"], { env }), await project.json<RunResult>(["run"], { env })];
    expect(stepsRun(pro)).toEqual(stepsRun(local));
    expect(stepsRun(dev)).toEqual(stepsRun(local));
    expect(stepsRun(pro).filter((step) => step.startsWith("load bronze.customer_transactions ["))).toHaveLength(10);

    for (const other of ["dev", "pro"]) {
      const diff = await project.json<Diff>(["diff", "--table", "*", "--env", "local", "--env", other], { env });
      expect(diff.tables).toHaveLength(11);
      for (const { table, status } of diff.tables) expect(status, `${table} in local and ${other}`).toBe("equal");
    }

    const again = await project.json<RunResult>(["run", "--env", "pro"], { env });
    expect(stepsRun(again)).toEqual([]);
  } finally {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.exited));
    await project.remove();
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}, 120_000);
