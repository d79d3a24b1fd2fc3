import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { measureSuccess } from "./measure.ts";
import { assay, repository, workFolder } from "./places.ts";

/** The seven CSV files of a bench. */
export interface DataSet {
  readonly folder: string;
  /** The public files, whose counts and totals are known. */
  readonly real: boolean;
}

/** The real Olist files (OLIST_DIR, or ../shared/data/olist), else look-alikes of the same size. */
export async function olistFiles(): Promise<DataSet> {
  const candidates = [process.env.OLIST_DIR, join(repository, "../shared/data/olist")];
  const found = candidates.find((folder) => folder !== undefined && existsSync(join(folder, "olist_orders_dataset.csv")));
  if (found !== undefined) return { folder: resolve(found), real: true };
  const folder = join(workFolder, "generated");
  if (!existsSync(join(folder, "olist_orders_dataset.csv"))) {
    console.log("no real Olist files (OLIST_DIR): generating 100,000 look-alike orders");
    await measureSuccess(assay(["generate", "olist", "--orders", "100000", "--seed", "42", "--out", folder]));
  }
  return { folder, real: false };
}
