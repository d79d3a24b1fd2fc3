import { resolve } from "node:path";
import { generateOlist } from "../generators/olist.ts";
import { groupDigits } from "../observe/group-digits.ts";
import { print } from "./output.ts";

/** `assay generate olist`: look-alike CSV files. */
export async function generateOlistCommand(options: { orders: number; seed: number; out: string; json?: boolean }): Promise<number> {
  const started = performance.now();
  const report =
    options.json === true
      ? undefined
      : (file: { file: string; rows: number }) => process.stderr.write(`${file.file}  ${groupDigits(String(file.rows))} rows\n`);
  const files = await generateOlist({ orders: options.orders, seed: options.seed, out: resolve(options.out) }, report);
  print(options.json, { out: options.out, orders: options.orders, seed: options.seed, files }, () => {
    const rows = files.reduce((sum, file) => sum + file.rows, 0);
    return `✓ ${files.length} files, ${groupDigits(String(rows))} rows in ${options.out} (seed ${options.seed}, ${((performance.now() - started) / 1000).toFixed(1)} s)`;
  });
  return 0;
}
