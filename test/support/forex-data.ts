import { existsSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "vitest";
import type { RowChanges } from "../../src/terms.ts";
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

/** A new temporary folder, which the caller removes, with a copy of the file. */
export async function copiedForex(path: string): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), "assay-forex-"));
  // The original may be read-only; a test corrects its copy.
  await writeFile(join(data, "customer_transactions.csv"), await readFile(path));
  return data;
}

/** Rows that came, changed and went. */
export const changes = (inserted: number, updated: number, deleted: number): RowChanges => ({ inserted, updated, deleted });

/** The file with five rows corrected, three more and one less. */
export function corrected(text: string): string {
  const edit = (all: string, from: string, to: string): string => {
    if (all.split(from).length !== 2) throw new Error(`${from} does not stand once in the file`);
    return all.replace(from, to);
  };
  const edits: readonly (readonly [string, string])[] = [
    // A price, in digits and in words.
    [",Product A,1.0,76.27,8.23,John,", ",Product A,1.0,80.00,8.23,John,"],
    ["Product D,5.0,Two Hundred,10.69,Michael,", "Product D,5.0,two hundred and ten,10.69,Michael,"],
    // A quantity that was missing.
    [",Product A,,77.61,24.56,David,", ",Product A,2.0,77.61,24.56,David,"],
    // A phone number: nothing for the fact.
    ["+1-234-567-8902", "+1-234-567-0000"],
    // The only one in Dublin moves.
    ["Ireland,Dublin", "Ireland,Cork"],
  ];
  const changed = edits.reduce((all, [from, to]) => edit(all, from, to), text);
  const lines = changed.trimEnd().split("\n");
  const kept = lines.filter((line) => !line.startsWith("1025,"));
  if (kept.length !== lines.length - 1) throw new Error("transaction 1025 does not stand once in the file");
  const added = [
    "2001,,2023-08-01,101,Product A,2.0,ten,1.00,Ada,Lovelace,ada@example.com,1,UK,London",
    "2002,501.0,02-08-2023,102,Product B,,5.00,Two,Émile,Zola,emile@example.com,2,France,Nîmes ",
    "2003,502.0,2023-08-03,P100,Product E,1.0,1.00,0,Kurt,Gödel,kurt@example.com,3,Austria,Brünn",
  ];
  return `${[...kept, ...added].join("\n")}\n`;
}

/** What the correction changes in each table. */
export const correctedChanges: Readonly<Record<string, RowChanges>> = {
  "bronze.customer_transactions": changes(3, 5, 1),
  "silver.missing_quantity": changes(1, 0, 1),
  "silver.transaction": changes(3, 5, 1),
  "gold.customer_dim": changes(3, 1, 1),
  "gold.product_dim": changes(0, 0, 0),
  "gold.location_dim": changes(3, 0, 2),
  "gold.date_dim": changes(0, 0, 0),
  "gold.transaction_fct": changes(3, 4, 1),
  // Austria, France, UK, USA, the Netherlands and without Latvia.
  "gold.agg_sales_country": changes(0, 5, 1),
  "gold.agg_sales_customer": changes(3, 3, 1),
  "gold.agg_sales_monthly": changes(1, 1, 0),
};
