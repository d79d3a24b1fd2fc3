import { makeProject, type TestProject } from "./project.ts";

/**
 * Five models in a row over two sources, in three environments; every kind of table stands somewhere beside them.
 *
 *     bronze.orders ─▶ silver.lines ─▶ silver.priced (view) ─▶ silver.net ─▶ gold.daily (incremental) ─▶ gold.top
 *                                                                 └─▶ gold.log (append), gold.history (snapshot)
 *     bronze.shops  ─▶ gold.shops
 */
export const chainFiles: Readonly<Record<string, string>> = {
  "assay.config.ts": `import { defineProject, duckdb } from "assay";
const at = (path: string) => ({ engine: duckdb(path) });
export default defineProject({ name: "chain", environments: { pro: at("./pro.duckdb"), ci: at("./ci.duckdb"), full: at("./full.duckdb") } });
`,
  "data/orders.csv": "id,day,price\n1,2026-01-01,10.00\n2,2026-01-01,20.00\n3,2026-01-02,30.00\n",
  "data/shops.csv": "shop,city\n1,Rome\n2,Oslo\n",
  "sources/all.ts": `import { bronze, csv, t } from "assay";
export const orders = bronze("orders", {
  from: csv("data/orders.csv"),
  columns: { id: t.integer(), day: t.date(), price: t.decimal(10, 2) },
  key: ["id"],
});
export const shops = bronze("shops", { from: csv("data/shops.csv"), columns: { shop: t.integer(), city: t.varchar() }, key: ["shop"] });
`,
  "functions/taxed.ts": `import { sql, sqlFunction, t } from "assay";
export const taxed = sqlFunction("taxed", {
  params: { price: t.decimal(10, 2) },
  result: t.decimal(10, 2),
  duckdb: sql\`(price * 1.2)::decimal(10, 2)\`,
});
`,
  "models/silver/lines.sql": "/*\ngrain: [id]\n*/\nselect id, day, price from bronze.orders\n",
  "models/silver/priced.sql": "/*\ngrain: [id]\nmaterialize: view\n*/\nselect id, day, taxed(price) as price from silver.lines\n",
  "models/silver/net.sql":
    "/*\ngrain: [id]\nchecks:\n  - between: { column: price, min: 0 }\n*/\nselect id, day, price * 1 as price from silver.priced\n",
  "models/gold/daily.ts": `import { incremental, model, sql, t } from "assay";
export const daily = model("gold.daily", {
  grain: ["day"],
  columns: { day: t.date(), total: t.decimal(14, 2, { nullable: true }) },
  materialize: incremental({ by: ["day"] }),
  sql: sql\`select day, sum(price)::decimal(14, 2) as total from silver.net group by day\`,
});
`,
  "models/gold/top.sql": "/*\ngrain: [day]\n*/\nselect day, total from gold.daily where total > 20\n",
  "models/gold/log.ts": `import { append, model, sql, t } from "assay";
export const log = model("gold.log", {
  grain: ["id"],
  columns: { id: t.integer(), price: t.decimal(12, 2, { nullable: true }) },
  materialize: append(),
  sql: sql\`select id, price::decimal(12, 2) as price from silver.net\`,
});
`,
  "models/gold/history.ts": `import { model, snapshot, sql, t } from "assay";
export const history = model("gold.history", {
  grain: ["id"],
  columns: { id: t.integer(), day: t.date(), price: t.decimal(12, 2, { nullable: true }) },
  materialize: snapshot({ at: "day" }),
  sql: sql\`select id, day, price::decimal(12, 2) as price from silver.net\`,
});
`,
  "models/gold/shops.sql": "/*\ngrain: [shop]\n*/\nselect shop, city from bronze.shops\n",
};

export function makeChain(replaced: Readonly<Record<string, string>> = {}): Promise<TestProject> {
  return makeProject({ ...chainFiles, ...replaced });
}

/** Text of one of its files with a piece of it replaced; throws when the piece is not in it. */
export function chainFile(path: string, from: string, to: string): Readonly<Record<string, string>> {
  const text = chainFiles[path];
  if (!text?.includes(from)) throw new Error(`${path} does not hold ${from}`);
  return { [path]: text.replace(from, to) };
}
