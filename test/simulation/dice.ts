import { below, chance, randomStream } from "../../src/generators/random.ts";

/** Choices that a seed makes. */
export interface Dice {
  /** 0 … limit - 1. */
  below(limit: number): number;
  chance(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** Each item with that share, in the same order. */
  some<T>(list: readonly T[], share: number): readonly T[];
  shuffled<T>(list: readonly T[]): readonly T[];
}

/** In this order: a purpose's place is part of its seed. */
const purposes = ["project", "changes", "runs", "order", "chunks", "clean", "rules", "replays"] as const;

/** The dice for one purpose of a seed: no use of one purpose moves those of another. */
export function diceOf(seed: number, purpose: (typeof purposes)[number], index = 0): Dice {
  const random = randomStream(seed, 1 + purposes.indexOf(purpose))(index);
  const dice: Dice = {
    below: (limit) => below(random, limit),
    chance: (share) => chance(random, share),
    pick: (list) => {
      const item = list[below(random, list.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
    some: (list, share) => list.filter(() => chance(random, share)),
    shuffled: (list) => {
      const items = [...list];
      for (let at = items.length - 1; at > 0; at--) {
        const other = below(random, at + 1);
        const [a, b] = [items[at], items[other]];
        if (a === undefined || b === undefined) continue;
        items[at] = b;
        items[other] = a;
      }
      return items;
    },
  };
  return dice;
}
