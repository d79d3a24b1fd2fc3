import type { Catalog } from "./olist-catalog.ts";
import type { OrderDates, OrderStatus } from "./olist-orders.ts";
import { below, chance, fraction, quantiles, type Random, weightedChoice, weightedIndex } from "./random.ts";

/** Money in cents, times in seconds since 1970. */
export interface Item {
  readonly productId: string;
  readonly sellerId: string;
  readonly shippingLimit: number;
  readonly price: number;
  readonly freight: number;
}

export type PaymentType = "credit_card" | "boleto" | "voucher" | "debit_card" | "not_defined";

export interface Payment {
  readonly type: PaymentType;
  readonly installments: number;
  readonly value: number;
}

const withoutItems: Readonly<Record<OrderStatus, number>> = {
  delivered: 0,
  shipped: 0.001,
  canceled: 0.262,
  unavailable: 0.99,
  invoiced: 0.006,
  processing: 0,
  created: 1,
  approved: 0,
};
/** The index is the number of items. */
const itemCount = weightedIndex([0, 88863, 7516, 1322, 505, 204, 198, 22, 8, 3, 8, 4, 5, 1, 2, 2, 0, 0, 0, 0, 2, 1]);
const freightLevel = quantiles(
  [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1],
  [100, 500, 950, 1370, 1660, 2050, 2900, 6300, 14000, 35000],
);
const hoursToShip = quantiles(
  [0, 0.001, 0.01, 0.1, 0.4, 0.75, 0.9, 0.99, 0.999, 0.9999, 1],
  [-24, -3, 48, 96, 97, 144, 216, 432, 700, 1200, 25345],
);

/** What an order holds; empty for some that were never served. `firstProduct` is bought for certain, the rest as taste goes. */
export function drawItems(order: OrderDates, catalog: Catalog, firstProduct: number, freight: number, random: Random): readonly Item[] {
  if (chance(random, withoutItems[order.status])) return [];
  const count = itemCount(random);
  const shippingLimit = (order.approved ?? order.purchased) + hoursToShip(random) * 3600;
  const alike = chance(random, 0.67);
  const items: Item[] = [];
  for (let number = 0; number < count; number++) {
    const previous = items.at(-1);
    if (previous !== undefined && (alike || chance(random, 0.15))) {
      items.push(previous);
      continue;
    }
    const offer = catalog.offer(number === 0 ? firstProduct : catalog.popular(random), random);
    const known = items.find(({ productId }) => productId === offer.productId);
    const cents = chance(random, 0.0034) ? 0 : Math.floor((freightLevel(random) * freight) / 100);
    items.push(known ?? { ...offer, shippingLimit, freight: cents });
  }
  return items;
}

type Means = "credit_card" | "boleto" | "debit_card" | "voucher" | "credit_card+vouchers" | "vouchers" | "two cards";

const meansOf = weightedChoice<Means>(
  ["credit_card", "boleto", "credit_card+vouchers", "debit_card", "voucher", "vouchers", "two cards"],
  [71715, 19784, 2245, 1527, 1160, 461, 288],
);
/** Vouchers beside a credit card, or beside a first voucher; the index is their number. */
const voucherCount = weightedIndex([0, 2093, 301, 108, 52, 36, 28, 11, 9, 5, 8, 8, 3, 2, 2, 0, 0, 0, 2, 0, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
/** The index is the number of installments. */
const installmentCount = weightedIndex([
  20, 25455, 12413, 10461, 7098, 5239, 3920, 1626, 4268, 644, 5328, 23, 133, 16, 15, 74, 5, 8, 27, 0, 17, 3, 1, 1, 18,
]);
/** What somebody paid for an order whose items are not known, in cents. */
const unknownTotal = quantiles([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1], [1000, 3870, 6800, 10690, 19290, 41790, 205900, 300000]);

/** How an order was paid. The payments add up to `itemsTotal`, but for rounding and interest in about 6 of 1,000 orders; null: no items. */
export function drawPayments(order: OrderDates, itemsTotal: number | null, random: Random): readonly Payment[] {
  if (itemsTotal === null && order.status === "canceled" && order.approved === null && chance(random, 0.08)) {
    return [{ type: "not_defined", installments: 1, value: 0 }];
  }
  const means = meansOf(random);
  const installments = means.startsWith("credit_card") ? installmentCount(random) : 1;
  const total = itemsTotal === null ? unknownTotal(random) : Math.max(1, itemsTotal + deviation(itemsTotal, installments, random));
  switch (means) {
    case "credit_card":
    case "boleto":
    case "debit_card":
    case "voucher":
      return [{ type: means, installments, value: total }];
    case "two cards":
      return split(total, 2, random).map((value) => ({ type: "credit_card", installments: 1, value }));
    case "credit_card+vouchers":
      return split(total, 1 + voucherCount(random), random).map((value, index) =>
        index === 0 ? { type: "credit_card", installments, value } : voucher(value),
      );
    case "vouchers": {
      const used = split(total, 1 + voucherCount(random), random).map(voucher);
      return chance(random, 0.01) ? [...used, voucher(0)] : used;
    }
  }
}

function voucher(value: number): Payment {
  return { type: "voucher", installments: 1, value };
}

/** Cents by which the payments differ from the items: rounding, shipping changed later, interest on many installments. */
function deviation(total: number, installments: number, random: Random): number {
  const share = fraction(random);
  if (share < 0.00105) return 1;
  if (share < 0.0028) return -1;
  if (share < 0.0032) return 2 + below(random, 3);
  if (share < 0.0034) return -2 - below(random, 900);
  if (share < 0.0046) return 100 + below(random, 900);
  if (installments > 6 && share < 0.0112) return Math.floor((total * (5 + below(random, 15))) / 100);
  return 0;
}

/** Parts of at least one cent that add up to the total. */
function split(total: number, parts: number, random: Random): readonly number[] {
  const values: number[] = [];
  let left = total;
  for (let others = Math.min(parts, total) - 1; others > 0; others--) {
    const value = 1 + below(random, Math.max(1, Math.floor(((left - others) * 2) / (others + 1))));
    values.push(value);
    left -= value;
  }
  return [...values, left];
}
