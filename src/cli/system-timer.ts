import { setTimeout } from "node:timers/promises";
import type { Timer } from "../ports/timer.ts";

/** Longer waits are not known to Node.js. */
const longest = 2 ** 31 - 1;

/** The process's own clock and chance. */
export const systemTimer: Timer = {
  random: Math.random,
  sleep: async (milliseconds, signal) => {
    for (let left = milliseconds; left > 0 && !signal.aborted; left -= longest) {
      // An abort ends the wait early, as it is meant to.
      await setTimeout(Math.min(left, longest), undefined, { signal }).catch(() => undefined);
    }
  },
};
