import { expect, test } from "vitest";
import { plainPolicy, retriesFor, retryDelay, stepPolicy } from "../../src/plan/step-policy.ts";

const policyOf = (retries: Parameters<typeof stepPolicy>[1]) => {
  const { retries: made } = stepPolicy(undefined, retries);
  if (made === null) throw new Error("no retries");
  return made;
};

test("waits grow to the longest, and chance only makes them shorter", () => {
  const retries = policyOf({ limit: 9, delay: "10 s", maxDelay: "1 min", jitter: 0.5 });
  expect([2, 3, 4, 5, 6].map((attempt) => retryDelay(retries, attempt, 0))).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
  expect(retryDelay(retries, 3, 1)).toBe(10_000);
  expect(retryDelay(policyOf({ limit: 1, delay: "2 h", jitter: 0 }), 2, 1)).toBe(7_200_000);
  expect(retryDelay(policyOf({ limit: 3, delay: "1 s", backoff: 1, jitter: 0 }), 4, 1)).toBe(1_000);
  // A number of attempts nobody should wait for is still a number.
  expect(retryDelay(retries, 5_000, 0)).toBe(60_000);
});

test("a table's own retries come before the pipeline's", () => {
  const pipeline = { limit: 5 };
  expect(stepPolicy({ retries: { limit: 1 } }, pipeline).retries?.limit).toBe(1);
  expect(stepPolicy({ retries: { limit: 0 } }, pipeline).retries?.limit).toBe(0);
  expect(stepPolicy({ timeout: "1 min" }, pipeline)).toMatchObject({ retries: { limit: 5 }, timeout_ms: 60_000 });
});

test("nothing declared: only what the engine asks for", () => {
  expect(retriesFor(plainPolicy, "ENGINE_BUSY").limit).toBe(2);
  expect(retriesFor(plainPolicy, "ENGINE_UNREACHABLE").limit).toBe(0);
  expect(retriesFor(stepPolicy(undefined, { limit: 0 }), "ENGINE_BUSY").limit).toBe(0);
});
