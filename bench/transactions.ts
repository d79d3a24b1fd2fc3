/** A CSV of transactions `first` to `last`, their amounts in a currency of `cents`. */
export function transactionsCsv(first: number, last: number, cents: string): string {
  const lines = Array.from({ length: last - first + 1 }, (_, place) => {
    const row = first + place;
    return `${row},customer ${row % 9_973},2026-01-${10 + (row % 20)},${row % 1_009}.${cents}\n`;
  });
  return `transaction_id,customer,happened_on,amount\n${lines.join("")}`;
}

/** The definition file of a bronze table of them, loaded in chunks. */
export const transactionsSource = (files: string, load: "replace" | "merge", rowsOfChunk: number): string =>
  `import { bronze, csv, t } from "assay";
export const transactions = bronze("transactions", {
  from: csv("${files}"),
  columns: { transaction_id: t.integer(), customer: t.varchar(), happened_on: t.date(), amount: t.decimal(12, 2) },
  key: ["transaction_id"],
  load: "${load}",
  chunks: { rows: ${rowsOfChunk} },
});
`;
