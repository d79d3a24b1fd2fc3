import { type CsvWriter, csvMoney, csvText, csvTimestamp } from "./csv-writer.ts";
import type { Item, Payment } from "./olist-baskets.ts";
import type { Product, Seller } from "./olist-catalog.ts";
import type { OlistFile } from "./olist-files.ts";
import type { OrderDates } from "./olist-orders.ts";
import type { Place } from "./olist-places.ts";
import type { Review } from "./olist-reviews.ts";

export type OlistWriters = Readonly<Record<OlistFile, CsvWriter>>;

export interface Customer {
  readonly customerId: string;
  readonly uniqueId: string;
  readonly place: Place;
}

export interface WrittenReview {
  readonly id: string;
  readonly review: Review;
}

export interface Order {
  readonly id: string;
  readonly dates: OrderDates;
  readonly customer: Customer;
  readonly items: readonly Item[];
  readonly payments: readonly Payment[];
  readonly reviews: readonly WrittenReview[];
}

/** One order with all that hangs on it. */
export function writeOrder({ id, dates, customer, items, payments, reviews }: Order, writers: OlistWriters): void {
  const order = csvText(id);
  const customerId = csvText(customer.customerId);
  const times = [dates.purchased, dates.approved, dates.shipped, dates.delivered, dates.estimated].map(csvTimestamp).join(",");
  writers.orders.write(`${order},${customerId},${dates.status},${times}`);
  writers.customers.write(`${customerId},${csvText(customer.uniqueId)},${placeFields(customer.place)}`);
  for (const [index, { productId, sellerId, shippingLimit, price, freight }] of items.entries()) {
    const money = `${csvMoney(price)},${csvMoney(freight)}`;
    writers.items.write(`${order},${index + 1},${csvText(productId)},${csvText(sellerId)},${csvTimestamp(shippingLimit)},${money}`);
  }
  for (const [index, { type, installments, value }] of payments.entries()) {
    writers.payments.write(`${order},${index + 1},${type},${installments},${csvMoney(value)}`);
  }
  for (const { id: reviewId, review } of reviews) {
    const texts = `${csvText(review.title)},${csvText(review.message)}`;
    const dated = `${csvTimestamp(review.created)},${csvTimestamp(review.answered)}`;
    writers.reviews.write(`${csvText(reviewId)},${order},${review.score},${texts},${dated}`);
  }
}

export function writeProduct(product: Product, writers: OlistWriters): void {
  const { size } = product;
  const described = [product.nameLength, product.descriptionLength, product.photos].map(numberField).join(",");
  const measures = [size?.weight ?? null, size?.length ?? null, size?.height ?? null, size?.width ?? null].map(numberField).join(",");
  writers.products.write(`${csvText(product.id)},${csvText(product.category)},${described},${measures}`);
}

export function writeSeller({ id, place }: Seller, writers: OlistWriters): void {
  writers.sellers.write(`${csvText(id)},${placeFields(place)}`);
}

function placeFields({ zip, city, state }: Place): string {
  return `${csvText(zip)},${csvText(city)},${state}`;
}

function numberField(value: number | null): string {
  return value === null ? "" : String(value);
}
