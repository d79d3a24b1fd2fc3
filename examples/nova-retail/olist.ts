import { type CsvSource, csv, env, type Replicate } from "assay";

/** One file of the Olist dataset, from the folder in OLIST_DIR. */
export const olistFile = (file: string): CsvSource => csv(file, { directory: env("OLIST_DIR", { default: "./data" }) });

/** Load-test copies, asked for with `--param scale_data=true`; every id of a copy is new. */
export const scaled = (...keys: readonly string[]): Replicate => ({
  times: "case when $scale_data then $scale_multiplier else 1 end",
  keys,
});
