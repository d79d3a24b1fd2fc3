import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const sellers = bronze("sellers", {
  description: "Merchants of the marketplace.",
  from: olistFile("olist_sellers_dataset.csv"),
  columns: {
    seller_id: t.varchar(),
    seller_zip_code_prefix: t.varchar({ description: "Five digits, leading zeros kept" }),
    seller_city: t.varchar(),
    seller_state: t.varchar({ description: "Two-letter code of the Brazilian state" }),
  },
  key: ["seller_id"],
  replicate: scaled("seller_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.matches("seller_zip_code_prefix", "^[0-9]{5}$", { severity: "warn" }),
    check.matches("seller_city", "^[^0-9]+$", { severity: "warn" }),
    check.matches("seller_state", "^[A-Z]{2}$"),
  ],
});
