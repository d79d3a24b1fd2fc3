import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  below,
  chance,
  idStream,
  quantiles,
  randomStream,
  skewedBelow,
  weightedChoice,
  weightedIndex,
} from "../../src/generators/random.ts";

const draws = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("randomStream", () => {
  it("gives the same values for the same seed, kind and number, and others for others", () => {
    const first = (seed: number, stream: number, index: number): number => randomStream(seed, stream)(index)();
    expect(first(42, 1, 7)).toBe(first(42, 1, 7));
    const different = [first(42, 1, 7), first(43, 1, 7), first(42, 2, 7), first(42, 1, 8), first(42 + 2 ** 32, 1, 7)];
    expect(new Set(different).size).toBe(5);
  });

  it("is the documented generator", () => {
    const random = randomStream(42, 1)(0);
    expect([random(), random(), random()]).toMatchInlineSnapshot(`
      [
        4191114043,
        552671525,
        1882955524,
      ]
    `);
  });

  it("spreads first draws of neighbouring numbers evenly", () => {
    const random = randomStream(1, 1);
    const tenths = draws(10).map(() => 0);
    for (const index of draws(20_000)) {
      const tenth = below(random(index), 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    for (const count of tenths) expect(count).toBeGreaterThan(1800);
    for (const count of tenths) expect(count).toBeLessThan(2200);
  });
});

describe("idStream", () => {
  it("gives 32 hex characters, never two alike", () => {
    const id = idStream(42, 3);
    const ids = draws(100_000).map((index) => id(index));
    expect(new Set(ids).size).toBe(100_000);
    expect(ids.every((text) => /^[0-9a-f]{32}$/.test(text))).toBe(true);
  });
});

describe("draws", () => {
  it("stay in their range", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.integer({ min: 1, max: 2 ** 31 }), (seed, limit) => {
        const random = randomStream(seed, 1)(0);
        for (const draw of [below(random, limit), skewedBelow(random, limit)]) {
          expect(draw).toBeGreaterThanOrEqual(0);
          expect(draw).toBeLessThan(limit);
        }
      }),
    );
  });

  it("reach the ends of their range, never beyond", () => {
    const lowest = (): number => 0;
    const highest = (): number => 2 ** 32 - 1;
    const median = quantiles([0, 0.5, 1], [-10, 20, 900]);
    expect([below(lowest, 2 ** 31), below(highest, 2 ** 31)]).toEqual([0, 2 ** 31 - 1]);
    expect([median(lowest), median(() => 2 ** 31), median(highest)]).toEqual([-10, 20, 899]);
    expect([weightedIndex([1, 0, 2])(lowest), weightedIndex([1, 0, 2])(highest)]).toEqual([0, 2]);
    expect([chance(lowest, 0), chance(highest, 1)]).toEqual([false, true]);
  });

  it("follow their weights, null among the values", () => {
    const choice = weightedChoice(["often", null], [3, 1]);
    const random = randomStream(5, 1)(0);
    const drawn = draws(10_000).map(() => choice(random));
    expect(drawn.filter((value) => value === null).length / 10_000).toBeCloseTo(0.25, 1);
  });
});
