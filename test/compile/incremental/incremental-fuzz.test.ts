import { expect, it } from "vitest";
import { type Coverage, emptyCoverage, fuzzReplay, fuzzSeed } from "./fuzz.ts";

const models = Number(process.env.MODELS ?? 1000);
const only = process.env.SEED === undefined ? null : Number(process.env.SEED);
/** Where the seeds start; another number is another set of models. */
const start = Number(process.env.START ?? 1);
/** A fresh database now and then keeps the engine's memory small. */
const modelsPerDatabase = 500;

async function fuzz(): Promise<Coverage> {
  const coverage = emptyCoverage();
  let replay = await fuzzReplay();
  let used = 0;
  try {
    for (let seed = only ?? start; coverage.models < (only === null ? models : 1) && coverage.failures.length < 3; seed++) {
      if (used === modelsPerDatabase) {
        replay.close();
        replay = await fuzzReplay();
        used = 0;
      }
      await fuzzSeed(seed, replay, coverage);
      used += 1;
      if (only !== null) break;
    }
  } finally {
    replay.close();
  }
  return coverage;
}

it("refreshes random models to what a full build yields", { timeout: 3_600_000 }, async () => {
  const coverage = await fuzz();
  const { reasons, failures, ...counts } = coverage;
  if (models > 1000 || only !== null) console.log(counts, reasons);
  expect(failures.join("\n\n")).toBe("");
  if (only !== null) return;
  // Otherwise the models would prove nothing.
  expect(coverage.mapped / coverage.refreshes).toBeGreaterThan(0.3);
  expect(coverage.full / coverage.refreshes).toBeGreaterThan(0.1);
  expect(coverage.partial / coverage.mapped).toBeGreaterThan(0.15);
  expect(coverage.changed / coverage.mapped).toBeGreaterThan(0.2);
  expect(coverage.spliced / coverage.mapped).toBeGreaterThan(0.2);
  expect(coverage.failed / coverage.models).toBeLessThan(0.02);
});
