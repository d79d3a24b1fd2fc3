import type { Dice } from "./dice.ts";
import type { CrashPoint } from "./scenario.ts";

/** Thrown by everything a dead process tries. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/** What an operation is, for the counters and the trace. */
export interface Operation {
  readonly label: string;
  /** Does it leave something behind that outlives the process? */
  readonly durable: boolean;
}

/**
 * One process's operations on the world, one at a time in an order the dice decide: steps that run side by side meet in every way, and in
 * the same way each time. At the crash point the process dies: nothing it tries later happens.
 */
export interface Schedule {
  /** Runs an operation when its turn comes; `torn` leaves it half done, null where that cannot be. */
  perform<T>(operation: Operation, work: () => Promise<T>, torn?: () => Promise<void>): Promise<T>;
  /** Work beside the operations, of which the next one has to wait for the end. */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** An operation in the midst of outside work. */
  within<T>(work: () => Promise<T>): Promise<T>;
  /** Where the process died; null: it lives. */
  crashed(): string | null;
  /** The crash point told by what was about to happen: it stays the same when other things of the scenario go. */
  crashedAt(): CrashPoint | null;
  operations(): number;
}

interface Turn {
  readonly operation: Operation;
  readonly take: () => Promise<void>;
  readonly refuse: (error: Crash) => void;
}

export function scheduleOf(dice: Dice, crash: CrashPoint | null, trace: (line: string) => void): Schedule {
  const waiting: Turn[] = [];
  const counts = { operation: 0, durable: 0 };
  const labels = new Map<string, number>();
  let diedAt: CrashPoint | null = null;
  let busy = 0;
  let running = false;
  let due = false;
  let died: string | null = null;

  const wake = (): void => {
    if (due || running) return;
    due = true;
    // Whoever goes on after the last operation comes first, so that all that can be next is there.
    setImmediate(() => {
      due = false;
      if (!running && busy === 0) void next();
    });
  };
  const next = async (): Promise<void> => {
    const [turn] = waiting.splice(waiting.length < 2 ? 0 : dice.below(waiting.length), 1);
    if (turn === undefined) return;
    if (died !== null) turn.refuse(new Crash(died));
    else {
      running = true;
      await turn.take();
      running = false;
    }
    wake();
  };
  const isDue = (operation: Operation): boolean => {
    counts.operation++;
    if (operation.durable) counts.durable++;
    const times = (labels.get(operation.label) ?? 0) + 1;
    labels.set(operation.label, times);
    if (crash === null) return false;
    const { count } = crash;
    if (typeof count === "object") return count.label === operation.label && times === crash.number;
    return counts[count] === crash.number && (count === "operation" || operation.durable);
  };
  return {
    perform: (operation, work, torn) =>
      new Promise((resolve, reject) => {
        const take = async (): Promise<void> => {
          trace(`    ${operation.label}`);
          try {
            if (isDue(operation)) {
              died = `${crash?.when === "torn" && torn !== undefined ? "in the midst of" : "before"} ${operation.label.replace(/:.*$/s, "")}`;
              diedAt = { count: { label: operation.label }, number: labels.get(operation.label) ?? 1, when: crash?.when ?? "before" };
              trace(`    ✝ ${died}`);
              if (crash?.when === "torn") await torn?.();
              reject(new Crash(died));
            } else resolve(await work());
          } catch (error) {
            reject(error);
          }
        };
        waiting.push({ operation, take, refuse: reject });
        wake();
      }),
    outside: async (work) => {
      busy++;
      try {
        return await work();
      } finally {
        busy--;
        wake();
      }
    },
    within: async (work) => {
      busy--;
      wake();
      try {
        return await work();
      } finally {
        busy++;
      }
    },
    crashed: () => died,
    crashedAt: () => diedAt,
    operations: () => counts.operation,
  };
}
