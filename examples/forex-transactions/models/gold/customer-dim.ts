import { check, incremental, model, sql, t } from "assay";
import { transaction } from "../silver/transaction.ts";

export const customerDim = model("gold.customer_dim", {
  description: "Customers, told apart by their e-mail addresses; what is known of each is the latest that transactions say.",
  grain: ["customer_key"],
  columns: {
    customer_key: t.varchar(),
    first_name: t.varchar({ nullable: true, sensitive: true }),
    last_name: t.varchar({ nullable: true, sensitive: true }),
    email: t.varchar({ sensitive: true }),
    phone: t.varchar({ nullable: true, sensitive: true }),
  },
  checks: [check.unique("email")],
  materialize: incremental({ by: ["customer_key"] }),
  sql: sql`
    select
      customer_key,
      arg_max(customer_first_name, (transaction_date, transaction_key)) as first_name,
      arg_max(customer_last_name, (transaction_date, transaction_key)) as last_name,
      arg_max(customer_email, (transaction_date, transaction_key)) as email,
      arg_max(customer_phone, (transaction_date, transaction_key)) as phone
    from ${transaction}
    group by customer_key`,
});
