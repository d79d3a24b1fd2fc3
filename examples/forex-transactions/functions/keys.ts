import { sql, sqlFunction, t } from "assay";

/**
 * Keys are made of what identifies a thing in the world, not of the ids of the operational system, which are absent in some rows and written in
 * two ways in others. Equal parts give equal keys, on every engine and in every run.
 */
export const keyPart = sqlFunction("key_part", {
  description: "A text with its length, so that parts put together cannot be mistaken for others; - for none.",
  params: { part: t.varchar() },
  result: t.varchar(),
  duckdb: sql`coalesce(length(part) || ':' || part, '-')`,
});

export const customerKey = sqlFunction("customer_key", {
  params: { email: t.varchar() },
  result: t.varchar(),
  duckdb: sql`md5(key_part(lower(email)))`,
});

export const productKey = sqlFunction("product_key", {
  params: { product_name: t.varchar() },
  result: t.varchar(),
  duckdb: sql`md5(key_part(product_name))`,
});

export const locationKey = sqlFunction("location_key", {
  params: { country: t.varchar(), city: t.varchar() },
  result: t.varchar(),
  duckdb: sql`md5(key_part(country) || key_part(city))`,
});

/** A customer buys a product once a day. */
export const transactionKey = sqlFunction("transaction_key", {
  params: { email: t.varchar(), product_name: t.varchar(), transaction_date: t.date() },
  result: t.varchar(),
  duckdb: sql`md5(key_part(lower(email)) || key_part(product_name) || key_part(strftime(transaction_date, '%Y-%m-%d')))`,
});
