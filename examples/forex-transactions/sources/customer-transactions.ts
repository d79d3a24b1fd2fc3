import { bronze, check, csv, env, t } from "assay";

export const customerTransactions = bronze("customer_transactions", {
  description:
    "The file as it came, every field as text: all rows land, an empty field is absent. A row that leaves the file leaves the table.",
  from: csv("customer_transactions.csv", { directory: env("FOREX_DIR", { default: "./data" }) }),
  columns: {
    transaction_id: t.varchar(),
    customer_id: t.varchar({ nullable: true, description: "Of the operational system; absent in some rows, and no key of anything here" }),
    transaction_date: t.varchar({ nullable: true, description: "Year first, day first or month first" }),
    product_id: t.varchar({ nullable: true, description: "100 and P100 are one product" }),
    product_name: t.varchar({ nullable: true }),
    quantity: t.varchar({ nullable: true }),
    price: t.varchar({ nullable: true, description: "Of a unit; in digits or in words" }),
    tax: t.varchar({ nullable: true, description: "In digits or in words" }),
    customer_first_name: t.varchar({ nullable: true, sensitive: true }),
    customer_last_name: t.varchar({ nullable: true, sensitive: true }),
    customer_email: t.varchar({ nullable: true, sensitive: true }),
    customer_phone: t.varchar({ nullable: true, sensitive: true }),
    customer_country: t.varchar({ nullable: true }),
    customer_city: t.varchar({ nullable: true }),
  },
  key: ["transaction_id"],
  // As the original has it; a large file is better off with some ten thousand rows to a chunk.
  chunks: { rows: 10, concurrency: 3 },
  retries: { limit: 3, delay: "1 min", backoff: 4, maxDelay: "15 min" },
  checks: [check.rowCount({ min: 1 })],
});
