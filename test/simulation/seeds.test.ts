import { expect, test } from "vitest";
import { type ShareOutcome, shares, summary } from "./seeds.ts";
import { startShare } from "./start-share.ts";

/** So many processes side by side. */
const lanes = 2;

test("every promise holds, whatever happens", { timeout: 0 }, async () => {
  const outcomes: ShareOutcome[] = [];
  const lane = async (first: number): Promise<void> => {
    for (let share = first; share < shares; share += lanes) outcomes.push(await startShare(share));
  };
  await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
  const { text, wrong } = summary(outcomes, process.env);
  process.stdout.write(`${text}\n`);
  expect(wrong).toBe("");
});
