import { readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import { stepsRun } from "../support/run-document.ts";
import { allSteps, makeShop } from "../support/shop-project.ts";
import { warehouseState } from "../support/warehouse-state.ts";

const databaseFiles = (folder: string): readonly string[] => readdirSync(folder).filter((name) => name.startsWith("warehouse.duckdb"));

interface Failed {
  readonly error: { readonly code: string };
}

test("a kill while the database file is created leaves a project that runs", { timeout: 120_000 }, async () => {
  const shop = await makeShop();
  try {
    for (let round = 0; round < 12; round++) {
      for (const name of ["warehouse.duckdb", ".assay", "lake"]) await shop.remove(name);
      const command = shop.start(["run"]);
      let ended = false;
      void command.exited.then(() => {
        ended = true;
      });
      // The moment something of it can be seen.
      while (databaseFiles(shop.folder).length === 0 && !ended) await turn();
      command.kill();
      expect((await command.exited).code).toBe(137);
      // On a busy machine the kill may come after the state was created.
      expect(["NOTHING_BUILT", "none"], `round ${round}`).toContain((await shop.json<Partial<Failed>>(["runs"])).error?.code ?? "none");
      const run = await shop.json<RunResult>(["run"]);
      expect(run.status, `round ${round}: ${JSON.stringify(run)}`).toBe("succeeded");
      expect(databaseFiles(shop.folder)).toEqual(["warehouse.duckdb"]);
    }
    expect((await warehouseState(shop.folder)).residue).toEqual([]);
  } finally {
    await shop.remove();
  }
});

test("a database in which nothing was ever recorded is as good as none", async () => {
  const shop = await makeShop();
  try {
    (await DuckDBInstance.create(`${shop.folder}/warehouse.duckdb`)).closeSync();
    for (const args of [["runs"], ["runs", "show"], ["quarantine"], ["query", "from gold.shops"]]) {
      expect((await shop.json<Failed>(args)).error.code, args.join(" ")).toBe("NOTHING_BUILT");
    }
    expect((await shop.assay(["plan"])).code).toBe(0);
    expect(stepsRun(await shop.json<RunResult>(["run"]))).toEqual(allSteps);
  } finally {
    await shop.remove();
  }
});
