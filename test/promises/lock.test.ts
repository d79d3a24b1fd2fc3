import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import type { RunningCommand, TestProject } from "../support/project.ts";
import { makeShop } from "../support/shop-project.ts";

/** A table whose build takes seconds. */
const slow = "/*\ngrain: []\n*/\nselect count(*) as n from range(1500000000) as numbers(i) where i % 7 = 3\n";
const quick = slow.replace("1500000000", "10");

let shop: TestProject;
beforeEach(async () => {
  shop = await makeShop({ "models/gold/slow.sql": slow });
});
afterEach(() => shop.remove());

/** Starts a run and waits until it owns the project. */
async function startOwner(): Promise<RunningCommand> {
  const command = shop.start(["run", "--json"]);
  for (let tries = 0; tries < 400 && !existsSync(join(shop.folder, ".assay", "owner.json")); tries++) await wait(25);
  return command;
}

/** Waits until the log of a run says that a step is under way: the run is on record by then. */
async function untilStarted(step: string): Promise<void> {
  const logs = join(shop.folder, ".assay", "logs");
  const isStarted = (): boolean =>
    existsSync(logs) && readdirSync(logs).some((file) => readFileSync(join(logs, file), "utf8").includes(`${step}: started`));
  for (let tries = 0; !isStarted(); tries++) {
    if (tries === 800) throw new Error(`${step} did not start`);
    await wait(25);
  }
}

interface Refused {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

test("a second run is refused and told by whom, and the first is not disturbed", async () => {
  const first = await startOwner();
  const second = await shop.assay(["run", "--json"]);
  expect(second.code).toBe(1);
  const { error } = JSON.parse(second.stdout) as Refused;
  expect(error.code).toBe("PROJECT_LOCKED");
  expect(error.message).toContain(`assay run (process ${first.pid})`);
  const since = /since (\d{4}-\d\d-\d\dT[\d:.]+Z)/.exec(error.message)?.[1] ?? "";
  expect(Math.abs(Date.now() - Date.parse(since))).toBeLessThan(60_000);
  expect(error.hint).toMatch(/wait/);
  expect(second.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  for (const args of [["query", "from gold.shops"], ["runs"], ["plan"]]) {
    expect((await shop.json<Refused>(args)).error, args.join(" ")).toMatchObject({ code: "PROJECT_LOCKED" });
  }
  const { code, stdout } = await first.exited;
  expect(code).toBe(0);
  expect((JSON.parse(stdout) as RunResult).status).toBe("succeeded");
  expect(await shop.query("select count(*) as n from assay.runs")).toEqual([{ n: "1" }]);
});

test("a killed run holds nothing: it is listed as interrupted, and the next run goes through", async () => {
  const first = await startOwner();
  await untilStarted("build gold.slow");
  first.kill();
  expect((await first.exited).code).toBe(137);
  const { runs } = await shop.json<{ runs: readonly { status: string }[] }>(["runs"]);
  expect(runs.map((run) => run.status)).toEqual(["interrupted"]);
  await shop.write({ "models/gold/slow.sql": quick });
  const next = await shop.assay(["run"]);
  expect(next.code, next.stderr).toBe(0);
  const listed = await shop.json<{ runs: readonly { status: string }[] }>(["runs"]);
  expect(listed.runs.map((run) => run.status)).toEqual(["succeeded", "interrupted"]);
});
