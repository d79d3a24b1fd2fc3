import { modelTest, rows } from "assay";
import { customerDim } from "../models/gold/customer-dim.ts";
import { transaction } from "../models/silver/transaction.ts";
import { customerTransactions } from "../sources/customer-transactions.ts";

const row = {
  transaction_date: "2023-07-01",
  product_name: "P",
  price: "1",
  tax: "0",
  customer_email: "a@x",
  customer_country: "C",
  customer_city: "X",
};

export const whiteSpace = modelTest("white space goes, letters of any script stay, empty text is absent", {
  model: transaction,
  given: [
    rows(customerTransactions, [
      {
        ...row,
        transaction_id: "1",
        customer_city: "Zürich  ",
        customer_country: "\u00a0Schweiz\t",
        customer_first_name: " ",
        customer_phone: "",
      },
    ]),
  ],
  expect: [{ customer_city: "Zürich", customer_country: "Schweiz", customer_first_name: null, customer_phone: null }],
});

export const sameCustomer = modelTest("a customer is known by the e-mail address, as the latest transaction has it", {
  model: customerDim,
  given: [
    rows(customerTransactions, [
      { ...row, transaction_id: "1", customer_first_name: "Ann", customer_phone: "1" },
      { ...row, transaction_id: "2", customer_first_name: "Anne", customer_email: "A@X", transaction_date: "2023-07-02" },
    ]),
  ],
  expect: [{ first_name: "Anne", email: "A@X", phone: "1" }],
});
