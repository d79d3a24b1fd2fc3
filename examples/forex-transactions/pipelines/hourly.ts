import { pipeline } from "assay";

export const hourly = pipeline("forex__customer_transactions__hourly", {
  description: "The file of customer transactions, every hour: all of it is looked at, what changed is built.",
  schedule: "0 * * * *",
});
