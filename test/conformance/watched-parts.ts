import { AssayError, type ErrorCode } from "../../src/errors.ts";
import { virtualTimer } from "../support/virtual-timer.ts";
import type { RunOptions } from "./world.ts";

/** Notes the parts that are asked for, by their number; those of `failing` fail so many times, after their work. */
export function watchedParts(failing: ReadonlyMap<number, number>, code: ErrorCode, before: () => Promise<void>) {
  const asked: number[] = [];
  const left = new Map(failing);
  const carry = async (part: number, work: () => Promise<number>): Promise<number> => {
    asked.push(part);
    await before();
    const rows = await work();
    const times = left.get(part) ?? 0;
    left.set(part, times - 1);
    if (times > 0) throw new AssayError(code, `the test's ${code}`);
    return rows;
  };
  return { carry, asked };
}

/** Time passes as fast as nobody waits; nothing cancels. */
export const control = (): NonNullable<RunOptions["control"]> => ({
  signal: new AbortController().signal,
  timer: virtualTimer().timer,
  observe: () => Promise.reject(new Error("no source is looked at")),
});
