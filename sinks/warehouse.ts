import { env, postgres, sink } from "assay";
import { dailyRevenue } from "../models/gold/daily-revenue.ts";

export const warehouse = sink("warehouse", {
  to: postgres(env("WAREHOUSE_URL", { optional: true })),
  schema: "shop_gold",
  tables: [dailyRevenue, { name: "gold.customers" }],
});
