import type { CommandOptions } from "./project.ts";
import { makeProject, type TestProject } from "./project.ts";

/**
 * A project small enough to be read at a glance:
 *
 *     bronze.orders ─┬─▶ silver.sales ─┬─▶ gold.by_day
 *     bronze.items ──┘                 └─▶ gold.by_product   (tag: products)
 *     bronze.shops ────▶ gold.shops                          (tag: products)
 */
export const shopFiles: Readonly<Record<string, string>> = {
  "assay.config.ts": `import { defineProject } from "assay";
export default defineProject({ name: "shop" });
`,
  "data/orders.csv": "order_id,day\n1,2026-01-01\n2,2026-01-01\n3,2026-01-02\n",
  "data/items.csv": "order_id,product,price\n1,apple,1.50\n1,pear,2.00\n2,apple,1.50\n3,plum,0.75\n",
  "data/shops.csv": "shop_id,city\n1,Rome\n2,Oslo\n",
  "sources/shop.ts": `import { bronze, check, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("data/orders.csv"),
  columns: { order_id: t.integer(), day: t.date() },
  key: ["order_id"],
});
export const items = bronze("items", {
  from: csv("data/items.csv"),
  columns: { order_id: t.integer(), product: t.varchar(), price: t.decimal(10, 2) },
  key: ["order_id", "product"],
  checks: [check.between("price", { min: 0 })],
});
export const shops = bronze("shops", {
  from: csv("data/shops.csv"),
  columns: { shop_id: t.integer(), city: t.varchar() },
});
`,
  "models/silver/sales.ts": `import { model, sql, t } from "assay";
import { items, orders } from "../../sources/shop.ts";
export const sales = model("silver.sales", {
  grain: ["order_id", "product"],
  columns: { order_id: t.integer(), product: t.varchar(), day: t.date(), price: t.decimal(10, 2) },
  sql: sql\`
    select items.order_id, items.product, orders.day, items.price
    from \${items} as items
    join \${orders} as orders on orders.order_id = items.order_id\`,
});
`,
  "models/gold/by-day.ts": `import { check, model, sql, t } from "assay";
import { sales } from "../silver/sales.ts";
export const byDay = model("gold.by_day", {
  grain: ["day"],
  columns: { day: t.date(), revenue: t.decimal(12, 2) },
  checks: [check.conserves("revenue", sales, { measure: "price" })],
  sql: sql\`
    select day, coalesce(sum(price), 0)::decimal(12, 2) as revenue
    from \${sales}
    group by day\`,
});
`,
  "models/gold/by_product.sql": `/*
grain: [product]
tags: [products]
*/
select product, count(*) as sold
from silver.sales
group by product
`,
  "models/gold/shops.sql": `/*
grain: [shop_id]
tags: [products]
*/
select shop_id, city from bronze.shops
`,
};

export const allSteps: readonly string[] = [
  "build gold.by_day",
  "build gold.by_product",
  "build gold.shops",
  "build silver.sales",
  "ingest bronze.items",
  "ingest bronze.orders",
  "ingest bronze.shops",
];

/** The shop, with some of its files replaced. */
export function makeShop(replaced: Readonly<Record<string, string>> = {}, options?: CommandOptions): Promise<TestProject> {
  return makeProject({ ...shopFiles, ...replaced }, options);
}

/** Text of one of the shop's files with a piece of it replaced; throws when the piece is not in it. */
export function shopFile(path: string, from: string, to: string): Readonly<Record<string, string>> {
  const text = shopFiles[path];
  if (!text?.includes(from)) throw new Error(`${path} does not hold ${from}`);
  return { [path]: text.replace(from, to) };
}
