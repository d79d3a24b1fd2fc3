/** A table as every contestant has to make it. */
export interface SmallModel {
  readonly name: string;
  readonly layer: "silver" | "gold";
  /** The column that is unique; none may be null. */
  readonly key: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly reads: readonly string[];
  /** The query; a table it reads stands in braces. `{orders.csv}` and `{items.csv}` are the files. */
  readonly select: string;
}

const money = "decimal(18,2)";

/** Ten models: a chain from the orders to the ranks of months, and two diamonds, from orders and items and from the orders' totals. */
export const smallModels: readonly SmallModel[] = [
  model("silver", "orders", { order_id: "bigint", customer_id: "integer", order_date: "date", status: "varchar" }, [
    "select cast(order_id as bigint) as order_id, cast(customer_id as integer) as customer_id,",
    "  cast(order_date as date) as order_date, cast(status as varchar) as status",
    "from {orders.csv}",
  ]),
  model("silver", "items", { item_id: "bigint", order_id: "bigint", product_id: "integer", quantity: "integer", amount: money }, [
    "select cast(item_id as bigint) as item_id, cast(order_id as bigint) as order_id, cast(product_id as integer) as product_id,",
    "  cast(quantity as integer) as quantity, cast(quantity * cast(price as decimal(10,2)) as decimal(18,2)) as amount",
    "from {items.csv}",
  ]),
  model(
    "silver",
    "sold_items",
    {
      item_id: "bigint",
      order_id: "bigint",
      customer_id: "integer",
      order_date: "date",
      product_id: "integer",
      quantity: "integer",
      amount: money,
    },
    [
      "select i.item_id, i.order_id, o.customer_id, o.order_date, i.product_id, i.quantity, i.amount",
      "from {items} as i join {orders} as o on o.order_id = i.order_id",
      "where o.status = 'completed'",
    ],
  ),
  model("silver", "order_totals", { order_id: "bigint", customer_id: "integer", order_date: "date", items: "bigint", amount: money }, [
    "select order_id, min(customer_id) as customer_id, min(order_date) as order_date, count(*) as items,",
    "  cast(sum(amount) as decimal(18,2)) as amount",
    "from {sold_items} group by order_id",
  ]),
  model("gold", "daily_revenue", { order_date: "date", orders: "bigint", amount: money }, [
    "select order_date, count(*) as orders, cast(sum(amount) as decimal(18,2)) as amount",
    "from {order_totals} group by order_date",
  ]),
  model("gold", "monthly_revenue", { month: "date", orders: "bigint", amount: money }, [
    "select cast(date_trunc('month', order_date) as date) as month, cast(sum(orders) as bigint) as orders,",
    "  cast(sum(amount) as decimal(18,2)) as amount",
    "from {daily_revenue} group by cast(date_trunc('month', order_date) as date)",
  ]),
  model("gold", "month_ranks", { month: "date", amount: money, place: "bigint" }, [
    "select month, amount, rank() over (order by amount desc, month) as place",
    "from {monthly_revenue}",
  ]),
  model("gold", "customer_totals", { customer_id: "integer", orders: "bigint", amount: money }, [
    "select customer_id, count(*) as orders, cast(sum(amount) as decimal(18,2)) as amount",
    "from {order_totals} group by customer_id",
  ]),
  model("gold", "product_totals", { product_id: "integer", quantity: "bigint", amount: money }, [
    "select product_id, cast(sum(quantity) as bigint) as quantity, cast(sum(amount) as decimal(18,2)) as amount",
    "from {sold_items} group by product_id",
  ]),
  model("gold", "customer_orders", { order_id: "bigint", customer_id: "integer", amount: money, customer_amount: money, place: "bigint" }, [
    "select t.order_id, t.customer_id, t.amount, c.amount as customer_amount,",
    "  row_number() over (partition by t.customer_id order by t.order_date, t.order_id) as place",
    "from {order_totals} as t join {customer_totals} as c on c.customer_id = t.customer_id",
  ]),
];

/** The query with each table as `nameOf` writes it. */
export const selectOf = (model: SmallModel, nameOf: (table: string) => string): string =>
  model.select.replace(/\{([a-z_.]+)\}/g, (_, table: string) => nameOf(table));

/** Query of one text: the rows of each of the ten tables. */
export function contentsQuery(nameOf: (model: SmallModel) => string): string {
  const tables = smallModels.map((each) => {
    const columns = Object.entries(each.columns).map(([column, type]) => `${column}::${type}`);
    return `(select concat('${each.name} ', count(*), ' ', sum(hash(${columns.join(", ")})::hugeint)) from ${nameOf(each)})`;
  });
  return `select concat_ws(' · ', ${tables.join(", ")}) as contents`;
}

function model(layer: SmallModel["layer"], name: string, columns: SmallModel["columns"], lines: readonly string[]): SmallModel {
  const select = lines.join("\n");
  const reads = [...select.matchAll(/\{([a-z_]+)\}/g)].map(([, table = ""]) => table);
  return { name, layer, key: Object.keys(columns)[0] ?? "", columns, reads, select };
}
