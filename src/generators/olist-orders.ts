import { below, chance, quantiles, type Random, weightedChoice, weightedIndex } from "./random.ts";

export type OrderStatus = "delivered" | "shipped" | "canceled" | "unavailable" | "invoiced" | "processing" | "created" | "approved";

/** Times in seconds since 1970, UTC. */
export interface OrderDates {
  readonly status: OrderStatus;
  readonly purchased: number;
  readonly approved: number | null;
  /** Handed to the carrier; now and then before the approval, as in the real file. */
  readonly shipped: number | null;
  readonly delivered: number | null;
  readonly estimated: number;
}

const minute = 60;
const hour = 60 * minute;
export const day = 24 * hour;

/** Orders a month, with the first and last day that has any. */
interface Month {
  readonly start: number;
  readonly days: readonly [first: number, last: number];
}

/** From September 2016 on: the thin start, the growth, the stop in autumn 2018. */
const ordersOfMonths = [
  4, 324, 0, 1, 800, 1780, 2682, 2404, 3700, 3245, 4026, 4331, 4285, 4631, 7544, 5673, 7269, 6728, 7211, 6939, 6873, 6167, 6292, 6512, 16,
  4,
] as const;
const months = ordersOfMonths.map((_, index) => monthAt(index)) as [Month, ...Month[]];
const monthOf = weightedChoice(months, ordersOfMonths);
const hourOf = weightedIndex([
  2394, 1170, 510, 272, 206, 188, 502, 1231, 2967, 4785, 6177, 6578, 5995, 6518, 6569, 6454, 6675, 6150, 5769, 5982, 6193, 6217, 5816, 4123,
]);
const blackFriday = Date.UTC(2017, 10, 24) / 1000;
/** Sales ended here; what was ordered later was cancelled. */
const salesEnd = Date.UTC(2018, 8, 1) / 1000;

function monthAt(index: number): Month {
  const [year, month] = [2016 + Math.floor((8 + index) / 12), (8 + index) % 12];
  const start = Date.UTC(year, month, 1) / 1000;
  const length = (Date.UTC(year, month + 1, 1) / 1000 - start) / day;
  return { start, days: [index === 0 ? 4 : 1, index === ordersOfMonths.length - 1 ? 17 : length] };
}

/** When somebody orders, between 2016-09-04 and 2018-10-17. */
export function drawPurchase(random: Random): number {
  const { start, days } = monthOf(random);
  const time = hourOf(random) * hour + below(random, hour);
  if (start < blackFriday && blackFriday < start + 30 * day && chance(random, 0.13)) return blackFriday + time;
  const drawn = dayIn(start, days, random);
  return (isWeekend(drawn) && chance(random, 0.3) ? dayIn(start, days, random) : drawn) + time;
}

function dayIn(start: number, [first, last]: Month["days"], random: Random): number {
  return start + (first - 1 + below(random, last - first + 1)) * day;
}

function isWeekend(midnight: number): boolean {
  const weekday = new Date(midnight * 1000).getUTCDay();
  return weekday === 0 || weekday === 6;
}

const statusOf = weightedChoice<OrderStatus>(
  ["delivered", "shipped", "canceled", "unavailable", "invoiced", "processing", "created", "approved"],
  [96478, 1107, 605, 609, 314, 301, 5, 2],
);
const minutesToApproval = quantiles([0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1], [0, 1, 10, 13, 21, 875, 2080, 5410, 15000]);
const minutesToCarrier = quantiles(
  [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1],
  [-10000, -4200, -60, 660, 1260, 2640, 5160, 8640, 24720, 60000],
);
const minutesToCustomer = quantiles(
  [0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1],
  [60, 480, 1140, 2700, 5880, 10200, 17340, 27240, 59040, 150000],
);
const daysToEstimate = quantiles([0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1], [3, 4, 8, 15, 20, 25, 30, 36, 52, 121]);

/** Follows an order from its purchase on as far as its status goes. */
export function drawDates(purchased: number, random: Random): OrderDates {
  const status = purchased < salesEnd ? statusOf(random) : "canceled";
  const reached = drawReached(status, random);
  const approved = purchased + minutesToApproval(random) * minute + below(random, minute);
  const shipped = Math.max(purchased, approved + minutesToCarrier(random) * minute + below(random, minute));
  const estimated = purchased - (purchased % day) + daysToEstimate(random) * day;
  const arrival = shipped + minutesToCustomer(random) * minute + below(random, minute);
  const delivered = arrival > estimated && chance(random, 0.62) ? inTime(shipped, estimated, random) : arrival;
  return {
    status,
    purchased,
    approved: reached.approved ? approved : null,
    shipped: reached.shipped ? shipped : null,
    delivered: reached.delivered ? delivered : null,
    estimated,
  };
}

/** Most distant places get a late estimate, which is then kept. */
function inTime(shipped: number, estimated: number, random: Random): number {
  const left = Math.max(hour, estimated - shipped);
  return shipped + Math.floor((left * (40 + below(random, 55))) / 100);
}

interface Reached {
  readonly approved: boolean;
  readonly shipped: boolean;
  readonly delivered: boolean;
}

function drawReached(status: OrderStatus, random: Random): Reached {
  switch (status) {
    case "created":
      return { approved: false, shipped: false, delivered: false };
    case "approved":
    case "invoiced":
    case "processing":
    case "unavailable":
      return { approved: true, shipped: false, delivered: false };
    case "shipped":
      return { approved: true, shipped: true, delivered: false };
    case "canceled": {
      const approved = !chance(random, 0.225);
      const shipped = approved && chance(random, 0.155);
      return { approved, shipped, delivered: shipped && chance(random, 0.08) };
    }
    case "delivered":
      return { approved: !chance(random, 0.0002), shipped: !chance(random, 0.0001), delivered: !chance(random, 0.0001) };
  }
}
