/** One number a kind of thing: each kind draws its own random values, so that a change to one leaves the others as they were. */
export const streams = { order: 1, customer: 2, person: 3, product: 4, offer: 5, seller: 6, review: 7, basket: 8 } as const;
