import type { CsvFile } from "./csv-writer.ts";

/** The seven files with the names and headers of the real data set, its misspelt `lenght` included. */
export const olistFiles = {
  orders: csv(
    "olist_orders_dataset.csv",
    "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date," +
      "order_delivered_customer_date,order_estimated_delivery_date",
  ),
  customers: csv("olist_customers_dataset.csv", "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state"),
  items: csv("olist_order_items_dataset.csv", "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"),
  payments: csv("olist_order_payments_dataset.csv", "order_id,payment_sequential,payment_type,payment_installments,payment_value"),
  reviews: csv(
    "olist_order_reviews_dataset.csv",
    "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp",
  ),
  products: {
    ...csv(
      "olist_products_dataset.csv",
      "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty," +
        "product_weight_g,product_length_cm,product_height_cm,product_width_cm",
    ),
    byteOrderMark: true,
  },
  sellers: csv("olist_sellers_dataset.csv", "seller_id,seller_zip_code_prefix,seller_city,seller_state"),
} as const satisfies Readonly<Record<string, CsvFile>>;

export type OlistFile = keyof typeof olistFiles;

function csv(file: string, header: string): CsvFile {
  return { file, columns: header.split(","), byteOrderMark: false };
}
