import { existsSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "vitest";
import { generateOlist } from "../../src/generators/olist.ts";
import { root } from "./project.ts";

const folder = resolve(root, process.env.OLIST_DIR ?? "../shared/data/olist");

/** Folder of the real Olist files, or null where they are not. */
export const realOlist: string | null = existsSync(join(folder, "olist_orders_dataset.csv")) ? folder : null;

/** The folder of the real files; skips the test, with the reason, where they are not. */
export function needRealOlist(context: TestContext): string {
  if (realOlist === null) context.skip(`the real Olist files are not in ${folder}; set OLIST_DIR`);
  return realOlist ?? "";
}

/** Look-alike files in a new temporary folder, which the caller removes. */
export async function generatedOlist(orders: number, seed = 7): Promise<string> {
  const out = await mkdtemp(join(tmpdir(), "assay-olist-"));
  await generateOlist({ orders, seed, out });
  return out;
}
