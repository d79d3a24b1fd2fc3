/** What a contestant made, so that only equal work is compared: row counts and exact totals as text. */
export interface Outcome {
  readonly facts: Readonly<Record<string, string>>;
  /** Seconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
  /** Peak of a child process that GNU time does not see (Spark's JVM), in MiB. */
  readonly peakMiB?: number;
}

/** What must come out of the public files, once. */
const known: Readonly<Record<string, string>> = {
  "rows bronze.orders": "99441",
  "rows bronze.customers": "99441",
  "rows bronze.order_items": "112650",
  "rows bronze.order_payments": "103886",
  "rows bronze.order_reviews": "99224",
  "rows bronze.products": "32951",
  "rows bronze.sellers": "3095",
  "rows silver.order_lines": "118431",
  "rows gold.fact_sales": "118431",
  "rows gold.fact_order_items": "112650",
  "rows gold.fact_order_payments": "103886",
  "rows gold.sales_summary": "1394",
  "rows gold.sales_by_month_state": "565",
  "rows gold.revenue_reconciliation": "3",
  "payment_value source": "16008872.12",
  "payment_value faithful": "20470726.66",
  "payment_value correct": "16008872.12",
  "price source": "13591643.70",
  "price correct": "13591643.70",
};

/** Tables whose size depends on values, not on rows: copies add nothing. */
const fixedSize = new Set(["rows gold.sales_summary", "rows gold.sales_by_month_state", "rows gold.revenue_reconciliation"]);

export const tables: readonly string[] = Object.keys(known).flatMap((name) => (name.startsWith("rows ") ? [name.slice(5)] : []));

/** Totals over gold tables: one row with the facts as columns. Runs on DuckDB and on Spark. */
export const totalsQuery = `select
  cast(sum(case when measure = 'payment_value' then source_total end) as varchar(40)) as "payment_value source",
  cast(sum(case when measure = 'payment_value' then faithful_total end) as varchar(40)) as "payment_value faithful",
  cast(sum(case when measure = 'payment_value' then correct_total end) as varchar(40)) as "payment_value correct",
  cast(sum(case when measure = 'price' then source_total end) as varchar(40)) as "price source",
  cast(sum(case when measure = 'price' then correct_total end) as varchar(40)) as "price correct",
  cast(sum(case when measure = 'freight_value' then faithful_total end) as varchar(40)) as "freight_value faithful",
  cast((select sum(total_orders) from gold.sales_summary) as varchar(40)) as "orders by category",
  cast((select sum(avg_order_value) from gold.sales_summary) as varchar(40)) as "averages by category",
  cast((select sum(total_revenue) from gold.sales_by_month_state) as varchar(40)) as "revenue by month",
  cast((select sum(avg_order_value) from gold.sales_by_month_state) as varchar(40)) as "averages by month"
from gold.revenue_reconciliation`;

/** Throws when two contestants did not make the same, or when the public files gave other numbers than are known. */
export function assertSame(outcomes: Readonly<Record<string, Outcome>>, real: boolean): void {
  const [first, ...others] = Object.entries(outcomes);
  if (first === undefined) return;
  for (const [name, outcome] of others) assertEqual(first[0], first[1].facts, name, outcome.facts);
  if (real) assertKnown(first[0], first[1], 1);
}

/** Throws unless every count and total is the known one `times` times. */
export function assertKnown(name: string, outcome: Outcome, times: number): void {
  const expected = Object.fromEntries(
    Object.entries(known).map(([fact, value]) => [fact, fixedSize.has(fact) ? value : multiply(value, times)]),
  );
  assertEqual(
    "the public files",
    expected,
    name,
    Object.fromEntries(Object.keys(known).map((fact) => [fact, outcome.facts[fact] ?? "nothing"])),
  );
}

function assertEqual(leftName: string, left: Outcome["facts"], rightName: string, right: Outcome["facts"]): void {
  const differing = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter((fact) => left[fact] !== right[fact]);
  if (differing.length === 0) return;
  const lines = differing.map((fact) => `  ${fact}: ${leftName} ${left[fact] ?? "nothing"}, ${rightName} ${right[fact] ?? "nothing"}`);
  throw new Error(`no ratio: not the same work was done\n${lines.join("\n")}`);
}

function multiply(value: string, times: number): string {
  const [whole = "0", fraction = ""] = value.split(".");
  const digits = (BigInt(whole + fraction) * BigInt(times)).toString().padStart(fraction.length + 1, "0");
  return fraction === "" ? digits : `${digits.slice(0, -fraction.length)}.${digits.slice(-fraction.length)}`;
}
