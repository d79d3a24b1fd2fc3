import { check, model, sql, t } from "assay";
import { orderItems } from "../../sources/order-items.ts";
import { orderPayments } from "../../sources/order-payments.ts";
import { factOrderItems } from "./fact-order-items.ts";
import { factOrderPayments } from "./fact-order-payments.ts";
import { factSales } from "./fact-sales.ts";

export const revenueReconciliation = model("gold.revenue_reconciliation", {
  description:
    "How far the faithful fact is from the source, measure by measure, and that the facts at item and payment grain are not off at all.",
  grain: ["measure"],
  columns: {
    measure: t.varchar({ description: "payment_value, price or freight_value" }),
    source: t.varchar({ description: "Bronze table the measure comes from" }),
    source_total: t.decimal(14, 2),
    faithful_total: t.decimal(14, 2, { nullable: true, description: "Over gold.fact_sales; absent: it does not have the measure" }),
    correct_total: t.decimal(14, 2, { description: "Over the fact whose grain is the measure's own" }),
    difference: t.decimal(14, 2, { nullable: true, description: "faithful_total - source_total" }),
    difference_percent: t.decimal(9, 2, { nullable: true, description: "difference in percent of source_total, halves away from zero" }),
  },
  checks: [check.expression("correct_total_is_source_total", "correct_total = source_total")],
  fanOut: {
    "bronze.order_items": "faithful_total of payment_value is the multiplied total that is held against the source",
    "bronze.order_payments": "faithful_total of freight_value is the multiplied total that is held against the source",
  },
  // The percentage is taken in whole hundredths: DuckDB divides decimals as doubles.
  sql: sql`
    with totals as (
      select
        'payment_value' as measure,
        'bronze.order_payments' as source,
        (select coalesce(sum(payment_value), 0)::decimal(14, 2) from ${orderPayments}) as source_total,
        (select coalesce(sum(payment_value), 0)::decimal(14, 2) from ${factSales}) as faithful_total,
        (select coalesce(sum(payment_value), 0)::decimal(14, 2) from ${factOrderPayments}) as correct_total
      union all
      select
        'price',
        'bronze.order_items',
        (select coalesce(sum(price), 0)::decimal(14, 2) from ${orderItems}),
        null,
        (select coalesce(sum(price), 0)::decimal(14, 2) from ${factOrderItems})
      union all
      select
        'freight_value',
        'bronze.order_items',
        (select coalesce(sum(freight_value), 0)::decimal(14, 2) from ${orderItems}),
        (select coalesce(sum(freight_value), 0)::decimal(14, 2) from ${factSales}),
        (select coalesce(sum(freight_value), 0)::decimal(14, 2) from ${factOrderItems})
    ),
    cents as (
      select *, (source_total * 100)::hugeint as source_cents, ((faithful_total - source_total) * 100)::hugeint as difference_cents
      from totals
    )
    select
      measure,
      source,
      source_total,
      faithful_total,
      correct_total,
      (faithful_total - source_total)::decimal(14, 2) as difference,
      (sign(difference_cents) * ((abs(difference_cents) * 20000 + source_cents) // nullif(source_cents * 2, 0)) * 0.01)::decimal(9, 2)
        as difference_percent
    from cents`,
});
