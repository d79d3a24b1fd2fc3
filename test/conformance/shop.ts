import { type BronzeDefinition, bronze, type Load } from "../../src/define/bronze.ts";
import { incremental } from "../../src/define/materialization.ts";
import { model } from "../../src/define/model.ts";
import { csv } from "../../src/define/source.ts";
import { sql } from "../../src/define/sql.ts";
import { t } from "../../src/define/types.ts";
import type { World } from "./world.ts";

const n = { nullable: true } as const;

/** Orders and their items; an order's day and customer may be absent. */
export const orders: BronzeDefinition = bronze("orders", {
  from: csv("orders-*.csv"),
  columns: { order_id: t.integer(), day: t.date(n), customer: t.integer(n), status: t.varchar() },
  key: ["order_id"],
});
export const items: BronzeDefinition = bronze("items", {
  from: csv("items-*.csv"),
  columns: { order_id: t.integer(), line: t.integer(), price: t.decimal(10, 2) },
  key: ["order_id", "line"],
});
export const customers: BronzeDefinition = bronze("customers", {
  from: csv("customers-*.csv"),
  columns: { customer: t.integer(), city: t.varchar(n) },
  key: ["customer"],
});

/** The table with another way to take its files. */
export const loaded = (table: BronzeDefinition, load: Load, deleted: string | null = null): BronzeDefinition => ({
  ...table,
  load,
  deleted,
});

/** By row key: an item with its order. */
export const sales = model("silver.sales", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), day: t.date(n), customer: t.integer(n), price: t.decimal(10, 2) },
  materialize: incremental({ by: ["order_id", "line"] }),
  sql: sql`
    select items.order_id, items.line, orders.day, orders.customer, items.price
    from ${items} as items join ${orders} as orders on orders.order_id = items.order_id`,
});

/** By a partition column, from a table that is refreshed itself. */
export const daily = model("gold.daily", {
  grain: ["day"],
  columns: { day: t.date(), lines: t.bigint(), total: t.decimal(18, 2) },
  materialize: incremental({ by: ["day"] }),
  sql: sql`select day, count(*) as lines, sum(price)::decimal(18, 2) as total from ${sales} where day is not null group by day`,
});

/** By two partition columns that may be null, one of them from the optional side of a join. */
export const placed = model("gold.placed", {
  grain: ["order_id", "line"],
  columns: { order_id: t.integer(), line: t.integer(), day: t.date(n), city: t.varchar(n), place: t.bigint(), price: t.decimal(10, 2) },
  materialize: incremental({ by: ["day", "city"] }),
  sql: sql`
    select sales.order_id, sales.line, sales.day, customers.city, sales.price,
      row_number() over (partition by sales.day, customers.city order by sales.price desc, sales.order_id, sales.line) as place
    from ${sales} as sales left join ${customers} as customers on customers.customer = sales.customer`,
});

export const header = {
  orders: "order_id,day,customer,status",
  items: "order_id,line,price",
  customers: "customer,city",
} as const;

/** Puts a file of one of the shop's tables in place. */
export function deliver(world: World, table: keyof typeof header, name: string, ...rows: readonly string[]): Promise<void> {
  return world.send(`data/${table}-${name}.csv`, header[table], rows);
}

/** Three orders of two days, one of no day, with six items. */
export async function firstDelivery(world: World): Promise<void> {
  await deliver(world, "orders", "1", "1,2026-01-01,10,new", "2,2026-01-01,20,new", "3,2026-01-02,10,new", "4,,30,new");
  await deliver(world, "items", "1", "1,1,1.50", "1,2,2.00", "2,1,3.00", "3,1,4.25", "3,2,0.75", "4,1,9.00");
  await deliver(world, "customers", "1", "10,Rome", "20,Oslo", "30,");
}
