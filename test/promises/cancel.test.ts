import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { RunResult } from "../../src/terms.ts";
import type { RunningCommand, TestProject } from "../support/project.ts";
import { makeShop } from "../support/shop-project.ts";

/** A table whose build takes hours. */
const endless = "/*\ngrain: []\n*/\nselect sum(a.i * b.i % 7)::bigint as n from range(1000000) as a(i), range(1000000) as b(i)\n";
const quick = "/*\ngrain: []\n*/\nselect 1::bigint as n\n";

let shop: TestProject;
beforeEach(async () => {
  shop = await makeShop({ "models/gold/endless.sql": endless });
});
afterEach(() => shop.remove());

/** Starts a run and waits until it is in the long build, and nothing else is left to do. */
async function startRun(): Promise<{ readonly command: RunningCommand; readonly text: () => string }> {
  const command = shop.start(["run"]);
  let text = "";
  command.output.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
  for (let tries = 0; tries < 800 && !text.includes("gold.shops"); tries++) await wait(25);
  await wait(300);
  return { command, text: () => text };
}

test("Ctrl-C ends the statement under way, and the run is on record as cancelled", async () => {
  const { command, text } = await startRun();
  const asked = performance.now();
  process.kill(command.pid, "SIGINT");
  const { code, stderr } = await command.exited;
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(code, stderr).toBe(130);
  expect(stderr).toContain("cancelling");
  expect(text()).toContain("cancelled");
  const run = await shop.json<RunResult>(["runs", "show"]);
  expect(run.status).toBe("cancelled");
  expect(run.steps.find((step) => step.table === "gold.endless")).toMatchObject({ status: "failed", error: { code: "RUN_CANCELLED" } });
  expect(run.steps.find((step) => step.table === "gold.shops")?.status).toBe("succeeded");
  await shop.write({ "models/gold/endless.sql": quick });
  const next = await shop.json<RunResult>(["run"]);
  expect(next.status).toBe("succeeded");
  expect(next.steps.filter((step) => step.status !== "skipped").map((step) => step.table)).toEqual(["gold.endless"]);
}, 60_000);

test("SIGTERM does the same, with its own exit code", async () => {
  const { command } = await startRun();
  process.kill(command.pid, "SIGTERM");
  expect((await command.exited).code).toBe(143);
  expect((await shop.json<RunResult>(["runs", "show"])).status).toBe("cancelled");
}, 60_000);

test("Ctrl-C twice ends the process at once", async () => {
  const { command } = await startRun();
  let isGone = false;
  const gone = command.exited.then(() => (isGone = true));
  // Signals that come in the same moment are one.
  for (; !isGone; await Promise.race([gone, wait(5)])) process.kill(command.pid, "SIGINT");
  expect((await command.exited).code).toBe(130);
  await shop.write({ "models/gold/endless.sql": quick });
  expect((await shop.json<RunResult>(["run"])).status).toBe("succeeded");
}, 60_000);
