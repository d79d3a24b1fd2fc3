import { bronze, check, t } from "assay";
import { olistFile, scaled } from "../olist.ts";

export const orderReviews = bronze("order_reviews", {
  description: "Reviews. Comments hold quoted commas and newlines; one review may speak of several orders.",
  from: olistFile("olist_order_reviews_dataset.csv"),
  columns: {
    review_id: t.varchar(),
    order_id: t.varchar(),
    review_score: t.smallint({ description: "Stars, 1 to 5" }),
    review_comment_title: t.varchar({ nullable: true, sensitive: true }),
    review_comment_message: t.varchar({ nullable: true, sensitive: true }),
    review_creation_date: t.timestamp({ nullable: true }),
    review_answer_timestamp: t.timestamp({ nullable: true }),
  },
  key: ["review_id", "order_id"],
  replicate: scaled("review_id", "order_id"),
  checks: [
    check.rowCount({ min: 1 }),
    check.between("review_score", { min: 1, max: 5 }),
    check.notNull("review_answer_timestamp", { severity: "warn" }),
  ],
});
