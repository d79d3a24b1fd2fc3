/** Query of one text: what a fact and its daily total hold, row by row, whatever types a tool gave the columns. */
export function contentsQuery(fact: string, daily: string): string {
  return `select concat_ws(' · ',
    (select concat(count(*), ' rows, ', sum(price), ', ', bit_xor(hash(item_id::bigint, order_id::bigint, order_date::date,
      customer_id::integer, product_id::integer, price::decimal(10, 2)))) from ${fact}),
    (select concat(count(*), ' days, ', sum(revenue), ', ', bit_xor(hash(order_date::date, sold::bigint, revenue::decimal(18, 2))))
      from ${daily})) as contents`;
}
