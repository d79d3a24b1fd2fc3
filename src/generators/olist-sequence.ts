import { drawItems, drawPayments } from "./olist-baskets.ts";
import type { Catalog } from "./olist-catalog.ts";
import { drawDates, drawPurchase, type OrderDates } from "./olist-orders.ts";
import { customerPlace } from "./olist-places.ts";
import { drawReview } from "./olist-reviews.ts";
import type { Order, WrittenReview } from "./olist-rows.ts";
import { streams } from "./olist-streams.ts";
import { below, chance, idStream, randomStream } from "./random.ts";

/** What an order shares with the one bought together with it. */
interface Earlier {
  readonly person: number;
  readonly purchased: number;
  readonly reviews: readonly WrittenReview[];
}

/** From this many orders on, one of them has no payment. */
const ordersWithOneUnpaid = 100;

/** Gives the orders of the data set one after the other, called with 0, 1, 2 …; remembers only the order before. */
export function orderSequence(orders: number, seed: number, catalog: Catalog): (index: number) => Order {
  const orderId = idStream(seed, streams.order);
  const customerId = idStream(seed, streams.customer);
  const personId = idStream(seed, streams.person);
  const orderRandom = randomStream(seed, streams.order);
  const basketRandom = randomStream(seed, streams.basket);
  const personRandom = randomStream(seed, streams.person);
  const newReviews = reviewSequence(seed);
  let persons = 0;
  let unpaidPending = orders >= ordersWithOneUnpaid;
  let earlier: Earlier | null = null;
  return (index) => {
    const random = orderRandom(index);
    const together: Earlier | null = chance(random, 0.0082) ? earlier : null;
    const returning = persons > 0 && chance(random, 0.026);
    const person = together?.person ?? (returning ? below(random, persons) : persons++);
    const dates = drawDates(together === null ? drawPurchase(random) : together.purchased + below(random, 600), random);
    const place = customerPlace(personRandom(person));
    const basket = basketRandom(index);
    const product = newProduct(index, orders, catalog.products) ?? catalog.popular(basket);
    const items = drawItems(dates, catalog, product, place.freight, basket);
    const unpaid = unpaidPending && index >= orders / 2 && dates.status === "delivered";
    if (unpaid) unpaidPending = false;
    const payments = unpaid ? [] : drawPayments(dates, items.length === 0 ? null : totalOf(items), basket);
    const reviews = together !== null && together.reviews.length > 0 ? together.reviews : newReviews(dates, index);
    earlier = { person, purchased: dates.purchased, reviews };
    const customer = { customerId: customerId(index), uniqueId: personId(person), place };
    return { id: orderId(index), dates, customer, items, payments, reviews };
  };
}

/** Spreads the products' first sales over the orders, so that nearly every product is sold; null: this order sells no new one. */
function newProduct(index: number, orders: number, products: number): number | null {
  const product = Math.floor((index * products) / orders);
  return product < Math.floor(((index + 1) * products) / orders) ? product : null;
}

function totalOf(items: readonly { readonly price: number; readonly freight: number }[]): number {
  return items.reduce((sum, { price, freight }) => sum + price + freight, 0);
}

/** Reviews of the nth order: mostly one, now and then none, two or three. */
function reviewSequence(seed: number): (order: OrderDates, index: number) => readonly WrittenReview[] {
  const id = idStream(seed, streams.review);
  const random = randomStream(seed, streams.review);
  let written = 0;
  return (order, index) => {
    const draw = random(index);
    const share = below(draw, 100_000);
    const count = share < 770 ? 0 : share < 1310 ? 2 : share < 1320 ? 3 : 1;
    return Array.from({ length: count }, () => ({ id: id(written++), review: drawReview(order, draw) }));
  };
}
