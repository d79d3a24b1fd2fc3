import type { Timer } from "../../src/ports/timer.ts";

/** A timer whose waits are over at once, and kept. `chance` is what its dice always show. */
export function virtualTimer(chance = 0): { readonly timer: Timer; readonly waits: readonly number[] } {
  const waits: number[] = [];
  return {
    waits,
    timer: {
      random: () => chance,
      sleep: async (milliseconds) => {
        waits.push(milliseconds);
      },
    },
  };
}
