import { env, postgres, sink } from "assay";
import { factSales } from "../models/gold/fact-sales.ts";
import { salesSummary } from "../models/gold/sales-summary.ts";

export const warehouse = sink("warehouse", {
  to: postgres(env("WAREHOUSE_URL", { optional: true })),
  schema: "retail_gold",
  tables: [factSales, salesSummary, { name: "gold.sales_by_month_state" }],
});
