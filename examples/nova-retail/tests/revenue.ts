import { modelTest, rows } from "assay";
import { factOrderPayments } from "../models/gold/fact-order-payments.ts";
import { revenueReconciliation } from "../models/gold/revenue-reconciliation.ts";
import { customers } from "../sources/customers.ts";
import { orderItems } from "../sources/order-items.ts";
import { orderPayments } from "../sources/order-payments.ts";
import { orders } from "../sources/orders.ts";
import { products } from "../sources/products.ts";
import { sellers } from "../sources/sellers.ts";

/** One order, paid in two ways, of two units. */
const order = [
  rows(orders, [{ order_id: "o1", customer_id: "c1", order_purchase_timestamp: "2018-03-05 10:00:00" }]),
  rows(customers, [{ customer_id: "c1", customer_state: "SP" }]),
  rows(orderPayments, [
    { order_id: "o1", payment_sequential: 1, payment_type: "credit_card", payment_value: "100.00" },
    { order_id: "o1", payment_sequential: 2, payment_type: "voucher", payment_value: "20.00" },
  ]),
];

export const bothPayments = modelTest("an order paid in two ways has a row for each payment", {
  model: factOrderPayments,
  given: order,
  expect: [
    { order_id: "o1", payment_sequential: 1, payment_value: "100.00", customer_state: "SP", order_year_month: "2018-03" },
    { order_id: "o1", payment_sequential: 2, payment_value: "20.00", customer_state: "SP", order_year_month: "2018-03" },
  ],
});

export const multipliedOnce = modelTest("two payments and two units: the faithful fact is off, the others are not", {
  description: "Built through silver.order_lines and three facts.",
  model: revenueReconciliation,
  given: [
    ...order,
    rows(orderItems, [
      { order_id: "o1", order_item_id: 1, product_id: "p1", seller_id: "s1", price: "50.00", freight_value: "10.00" },
      { order_id: "o1", order_item_id: 2, product_id: "p1", seller_id: "s1", price: "50.00", freight_value: "10.00" },
    ]),
    rows(products, [{ product_id: "p1" }]),
    rows(sellers, [{ seller_id: "s1" }]),
  ],
  expect: [
    { measure: "payment_value", source_total: "120.00", faithful_total: "240.00", correct_total: "120.00", difference_percent: "100.00" },
    { measure: "price", source_total: "100.00", faithful_total: null, correct_total: "100.00", difference_percent: null },
    { measure: "freight_value", source_total: "20.00", faithful_total: "40.00", correct_total: "20.00", difference_percent: "100.00" },
  ],
});
