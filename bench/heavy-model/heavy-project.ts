import { writeProject } from "../write-files.ts";

/** Writes the project: seven bronze tables and `gold.heavy`, which joins all of them and has two windows over its `by`. */
export function writeHeavyProject(folder: string): void {
  writeProject(folder, "heavy", { "sources/shop.ts": sources, "models/gold/heavy.ts": heavy });
}

const sources = `import { bronze, parquet, t } from "assay";
export const orders = bronze("orders", {
  from: parquet("data/orders-*.parquet"),
  columns: { order_id: t.bigint(), customer_id: t.integer(), order_date: t.date(), status: t.varchar() },
  key: ["order_id"],
  load: "merge",
});
export const items = bronze("items", {
  from: parquet("data/items-*.parquet"),
  columns: { item_id: t.bigint(), order_id: t.bigint(), product_id: t.integer(), seller_id: t.integer(), price: t.decimal(10, 2) },
  key: ["item_id"],
  load: "append",
});
export const payments = bronze("payments", {
  from: parquet("data/payments-*.parquet"),
  columns: { order_id: t.bigint(), payment_type: t.varchar(), instalments: t.integer() },
  key: ["order_id"],
  load: "append",
});
export const customers = bronze("customers", {
  from: parquet("data/customers-*.parquet"),
  columns: { customer_id: t.integer(), state: t.varchar() },
  key: ["customer_id"],
});
export const products = bronze("products", {
  from: parquet("data/products-*.parquet"),
  columns: { product_id: t.integer(), category: t.varchar() },
  key: ["product_id"],
});
export const sellers = bronze("sellers", {
  from: parquet("data/sellers-*.parquet"),
  columns: { seller_id: t.integer(), state: t.varchar() },
  key: ["seller_id"],
});
export const calendar = bronze("calendar", {
  from: parquet("data/calendar-*.parquet"),
  columns: { day: t.date(), month: t.varchar(), is_weekend: t.boolean() },
  key: ["day"],
});
`;

const heavy = `import { incremental, model, sql, t } from "assay";
import { calendar, customers, items, orders, payments, products, sellers } from "../../sources/shop.ts";
export const heavy = model("gold.heavy", {
  grain: ["item_id"],
  columns: {
    item_id: t.bigint(), order_id: t.bigint(), order_date: t.date(), order_month: t.varchar(), is_weekend: t.boolean(),
    customer_id: t.integer(), customer_state: t.varchar(), product_id: t.integer(), category: t.varchar(), seller_id: t.integer(),
    seller_state: t.varchar(), payment_type: t.varchar(), instalments: t.integer(), price: t.decimal(10, 2),
    place_in_order: t.integer(), price_so_far: t.decimal(18, 2),
  },
  materialize: incremental({ by: ["order_id"] }),
  sql: sql\`
    select
      i.item_id, o.order_id, o.order_date, d.month as order_month, d.is_weekend,
      o.customer_id, c.state as customer_state, i.product_id, p.category, i.seller_id,
      s.state as seller_state, y.payment_type, y.instalments, i.price,
      row_number() over (partition by o.order_id order by i.price desc, i.item_id)::integer as place_in_order,
      sum(i.price) over (partition by o.order_id order by i.item_id)::decimal(18, 2) as price_so_far
    from \${items} as i
    join \${orders} as o on o.order_id = i.order_id
    join \${customers} as c on c.customer_id = o.customer_id
    join \${products} as p on p.product_id = i.product_id
    join \${sellers} as s on s.seller_id = i.seller_id
    join \${payments} as y on y.order_id = o.order_id
    join \${calendar} as d on d.day = o.order_date
    where o.status = 'completed'\`,
});
`;
