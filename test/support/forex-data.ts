import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "vitest";
import { root } from "./project.ts";

const folder = resolve(root, process.env.FOREX_DIR ?? "../shared/data/forex");

/** Path of the real file of customer transactions, or null where it is not. */
export const realForex: string | null = existsSync(join(folder, "customer_transactions.csv"))
  ? join(folder, "customer_transactions.csv")
  : null;

/** The path of the real file; skips the test, with the reason, where it is not. */
export function needRealForex(context: TestContext): string {
  if (realForex === null) context.skip(`the real customer transactions are not in ${folder}; set FOREX_DIR`);
  return realForex ?? "";
}
