import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const products = bronze("products", {
  description: "The catalogue. Two products in a hundred have no category and no texts.",
  from: olistFile("olist_products_dataset.csv"),
  columns: {
    product_id: t.varchar(),
    product_category_name: t.varchar({ nullable: true }),
    product_name_lenght: t.smallint({ nullable: true, description: "Characters; spelt as in the source" }),
    product_description_lenght: t.smallint({ nullable: true, description: "Characters; spelt as in the source" }),
    product_photos_qty: t.smallint({ nullable: true }),
    product_weight_g: t.integer({ nullable: true }),
    product_length_cm: t.smallint({ nullable: true }),
    product_height_cm: t.smallint({ nullable: true }),
    product_width_cm: t.smallint({ nullable: true }),
  },
  key: ["product_id"],
  replicate: scaled("product_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.notNull("product_category_name", { severity: "warn" }),
    check.between("product_weight_g", { min: 1 }, { severity: "warn" }),
  ],
});
