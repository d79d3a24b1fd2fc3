import { check, incremental, model, sql, t } from "assay";
import { customerTransactions } from "../../sources/customer-transactions.ts";

export const transaction = model("silver.transaction", {
  description:
    "Transactions in types: white space and empty text taken away, numbers in words and dates in three formats read. A row with a date, price, tax " +
    "or quantity that says nothing goes to quarantine; the texts stay beside the values.",
  grain: ["transaction_key"],
  columns: {
    transaction_key: t.varchar({ description: "Of the customer's e-mail address, the product's name and the day" }),
    transaction_id: t.varchar(),
    customer_id: t.varchar({ nullable: true, description: "Of the operational system; no key here" }),
    transaction_date: t.date(),
    transaction_date_text: t.varchar({ nullable: true }),
    date_is_ambiguous: t.boolean({ description: "Another day when the month is read before the day" }),
    product_key: t.varchar(),
    product_name: t.varchar(),
    quantity: t.integer({ nullable: true }),
    quantity_text: t.varchar({ nullable: true }),
    price: t.decimal(14, 2, { description: "Of a unit" }),
    price_text: t.varchar({ nullable: true }),
    tax: t.decimal(14, 2),
    tax_text: t.varchar({ nullable: true }),
    customer_key: t.varchar(),
    customer_first_name: t.varchar({ nullable: true, sensitive: true }),
    customer_last_name: t.varchar({ nullable: true, sensitive: true }),
    customer_email: t.varchar({ sensitive: true }),
    customer_phone: t.varchar({ nullable: true, sensitive: true }),
    location_key: t.varchar(),
    customer_country: t.varchar(),
    customer_city: t.varchar(),
  },
  checks: [
    check.notNull("transaction_date", { severity: "quarantine" }),
    check.notNull("price", { severity: "quarantine" }),
    check.notNull("tax", { severity: "quarantine" }),
    check.expression("quantity_is_a_whole_number", "quantity is not null or quantity_text is null", { severity: "quarantine" }),
    check.notNull("customer_email", { severity: "quarantine" }),
    check.notNull("product_name", { severity: "quarantine" }),
    check.notNull("customer_country", { severity: "quarantine" }),
    check.notNull("customer_city", { severity: "quarantine" }),
    check.expression("date_order_is_certain", "not date_is_ambiguous", { severity: "warn" }),
    check.unique("transaction_id"),
  ],
  materialize: incremental({ by: ["transaction_key"] }),
  sql: sql`
    with cleaned as (
      select
        clean_text(transaction_id) as transaction_id,
        clean_text(customer_id) as customer_id,
        clean_text(transaction_date) as transaction_date_text,
        clean_text(product_name) as product_name,
        clean_text(quantity) as quantity_text,
        clean_text(price) as price_text,
        clean_text(tax) as tax_text,
        clean_text(customer_first_name) as customer_first_name,
        clean_text(customer_last_name) as customer_last_name,
        clean_text(customer_email) as customer_email,
        clean_text(customer_phone) as customer_phone,
        clean_text(customer_country) as customer_country,
        clean_text(customer_city) as customer_city
      from ${customerTransactions}
    )
    select
      transaction_key(customer_email, product_name, date_from_text(transaction_date_text)) as transaction_key,
      transaction_id,
      customer_id,
      date_from_text(transaction_date_text) as transaction_date,
      transaction_date_text,
      date_is_ambiguous(transaction_date_text) as date_is_ambiguous,
      product_key(product_name) as product_key,
      product_name,
      whole_number(quantity_text) as quantity,
      quantity_text,
      number_from_text(price_text) as price,
      price_text,
      number_from_text(tax_text) as tax,
      tax_text,
      customer_key(customer_email) as customer_key,
      customer_first_name,
      customer_last_name,
      customer_email,
      customer_phone,
      location_key(customer_country, customer_city) as location_key,
      customer_country,
      customer_city
    from cleaned`,
});
