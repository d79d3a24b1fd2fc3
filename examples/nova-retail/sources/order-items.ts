import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const orderItems = bronze("order_items", {
  description: "Units sold: a product bought three times in an order has three rows. 775 real orders have none.",
  from: olistFile("olist_order_items_dataset.csv"),
  columns: {
    order_id: t.varchar(),
    order_item_id: t.smallint({ description: "Number of the unit within its order, from 1" }),
    product_id: t.varchar(),
    seller_id: t.varchar(),
    shipping_limit_date: t.timestamp(),
    price: t.decimal(10, 2, { description: "Brazilian real" }),
    freight_value: t.decimal(10, 2, { description: "Brazilian real" }),
  },
  key: ["order_id", "order_item_id"],
  partitionBy: { order_year: "year(shipping_limit_date)", order_month: "month(shipping_limit_date)" },
  replicate: scaled("order_id", "product_id", "seller_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.between("order_item_id", { min: 1 }),
    check.between("price", { min: "0.00" }),
    check.between("freight_value", { min: "0.00" }),
    check.between("shipping_limit_date", { min: "2016-01-01", max: "2018-12-31" }, { severity: "warn" }),
  ],
});
