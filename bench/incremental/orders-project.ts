import { writeProject } from "../write-files.ts";

/** Writes the project: orders merged by key, items appended, a fact of completed orders' items, and its total a day. */
export function writeOrdersProject(folder: string): void {
  writeProject(folder, "orders", { "sources/orders.ts": sources, "models/gold/fact.ts": fact, "models/gold/daily.ts": daily });
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
  columns: { item_id: t.bigint(), order_id: t.bigint(), product_id: t.integer(), price: t.decimal(10, 2) },
  key: ["item_id"],
  load: "append",
});
`;

const fact = `import { incremental, model, sql, t } from "assay";
import { items, orders } from "../../sources/orders.ts";
export const fact = model("gold.fact", {
  grain: ["item_id"],
  columns: {
    item_id: t.bigint(), order_id: t.bigint(), order_date: t.date(), customer_id: t.integer(), product_id: t.integer(), price: t.decimal(10, 2),
  },
  materialize: incremental({ by: ["order_id"] }),
  sql: sql\`
    select i.item_id, o.order_id, o.order_date, o.customer_id, i.product_id, i.price
    from \${items} as i
    join \${orders} as o on o.order_id = i.order_id
    where o.status = 'completed'\`,
});
`;

const daily = `import { check, incremental, model, sql, t } from "assay";
import { fact } from "./fact.ts";
export const daily = model("gold.daily", {
  grain: ["order_date"],
  columns: { order_date: t.date(), sold: t.bigint(), revenue: t.decimal(18, 2) },
  materialize: incremental({ by: ["order_date"] }),
  checks: [check.conserves("revenue", fact, { measure: "price" })],
  sql: sql\`
    select order_date, count(*) as sold, sum(price)::decimal(18, 2) as revenue
    from \${fact}
    group by order_date\`,
});
`;
